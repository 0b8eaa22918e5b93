import { priceBasis, priceWords } from '@forescale/actuator/plan';
import type { Mix, RequestLine } from '@forescale/actuator/rightsize';
import type { PoolRightsizing } from '../commands/rightsize.ts';

/** Hours of a month, as clouds bill. */
const MONTH_HOURS = 730;
const MIB = 2 ** 20;

/** The advice for one pool as a table. */
export function rightsizeText({ pool, days, margin, observed, nodes, advice }: PoolRightsizing): string {
  const percent = `${(100 * margin).toFixed(0)} %`;
  const seen = observed.loads.map(
    (one) => `  ${one.signal}: p95 ${shown(one.p95)}, p99 ${shown(one.p99)} (${one.samples} samples)`,
  );
  const machines = advice.mixes.map((mix) =>
    row(mixName(mix, percent), mix.usdPerHour, mix.why ?? listed(mix.machines)),
  );
  const now = nodes === null ? 'the cluster cannot be asked' : listed(nodes);
  const requests = advice.requests.map(requestRow);
  return [
    `pool ${pool}: the last ${days} days`,
    ...observed.cut.map((what) => `  ${what}: there is more than was read; the newest counts`),
    ...(advice.mixes[0]?.uncounted ?? []).map((why) => `  ${why}`),
    ...(seen.length > 0 ? seen : ['  nothing is stored of its signals']),
    `  ${'machines'.padEnd(32)} ${'USD/h'.padStart(9)} ${'USD/month'.padStart(10)}`,
    row('now', nodes === null ? null : nodes.reduce((sum, one) => sum + one.usdPerHour, 0), now),
    row('in the mean of these days', observed.usdPerHour, observed.usdPerHour === null ? 'no cost is stored' : ''),
    ...machines,
    ...(requests.length > 0
      ? [`  ${'pod requests'.padEnd(42)} pods            CPU (m)       memory (MiB)`, ...requests]
      : ['  pod requests: the use of no workload is stored (the collector needs metrics.k8s.io)']),
  ].join('\n');
}

function mixName({ level, withRequests }: Mix, margin: string): string {
  return `${level} + ${margin}${withRequests ? ', requests as below' : ''}`;
}

function row(name: string, usdPerHour: number | null, what: string): string {
  const usd = usdPerHour === null ? ['-', '-'] : [usdPerHour.toFixed(3), (usdPerHour * MONTH_HOURS).toFixed(0)];
  return `  ${name.padEnd(32)} ${usd[0]?.padStart(9)} ${usd[1]?.padStart(10)}  ${what}`.trimEnd();
}

function listed(machines: Mix['machines']): string {
  if (machines.length === 0) return 'none';
  const names = machines.map((one) => `${one.count} x ${one.offering}`).join(', ');
  const basis = priceBasis(machines);
  return basis.source === 'configured' ? names : `${names} (prices: ${priceWords(basis)})`;
}

function requestRow(one: RequestLine): string {
  const name = `${one.namespace}/${one.workload}`.padEnd(42);
  const cpu = `${one.cpuNow} -> ${one.cpuThen}`.padStart(18);
  const memory = `${Math.round(one.memoryNow / MIB)} -> ${Math.round(one.memoryThen / MIB)}`.padStart(18);
  return `  ${name} ${String(one.pods).padStart(4)} ${cpu} ${memory}`;
}

function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}
