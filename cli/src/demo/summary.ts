import type { Bus } from '@forescale/shared/bus';
import { DEFAULT_SIGNALS, type PoolConfig } from '@forescale/shared/config';
import { type Series, sliceSeries } from '@forescale/shared/domain';
import { formatDuration } from '@forescale/shared/time';
import { decodeEvent, forecastSchema, streams, subjects } from '@forescale/shared/wire';
import type { SimulatedCluster } from '@forescale/simulator/cluster';
import { type PolicyName, replay } from '@forescale/simulator/replay';
import type { LeadTimes, Ledger } from './ledger.ts';
import type { Scenario } from './scenario.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

interface Outcome {
  readonly unmet_demand_share: number;
  readonly usd: number;
}

export interface DemoSummary {
  readonly scenario: string;
  readonly minutes: number;
  readonly backend: string;
  readonly model: string;
  readonly weights: Readonly<Record<string, number>>;
  readonly lead_seconds: LeadTimes;
  readonly nodes_created: number;
  readonly forescale: Outcome;
  readonly reactive: Outcome;
  readonly oracle: Outcome;
}

/** What the demo came to, beside the reactive and the clairvoyant policy on the same replay. */
export async function summarise(
  scenario: Scenario,
  pool: PoolConfig,
  ledger: Ledger,
  cluster: SimulatedCluster,
  bus: Bus,
  seed: number,
): Promise<DemoSummary> {
  const signal = pool.signals[0]?.name ?? DEFAULT_SIGNALS[0];
  const last = await bus.last(streams.forecast.name, subjects.forecast(pool.name, signal));
  const forecast = last && decodeEvent(last.data, forecastSchema);
  return {
    scenario: scenario.name,
    minutes: ledger.rows.length,
    backend: forecast?.backend ?? 'none',
    model: forecast?.model ?? 'none',
    weights: forecast?.weights ?? {},
    lead_seconds: ledger.leadTimes(),
    nodes_created: cluster.summary().machines.created,
    forescale: { unmet_demand_share: ledger.unmetDemandShare(), usd: ledger.usd(MINUTE_MS) },
    reactive: await baseline('reactive', scenario, pool, seed),
    oracle: await baseline('oracle', scenario, pool, seed),
  };
}

/** A day of history lets a policy get under way; the replayed part alone is scored. */
async function baseline(policy: PolicyName, scenario: Scenario, pool: PoolConfig, seed: number): Promise<Outcome> {
  const before = sliceSeries(scenario.history, scenario.startMs - DAY_MS, scenario.startMs);
  const trace = joined(before, scenario.live);
  const spanMs = scenario.endMs - (trace.timesMs[0] as number);
  const historyShare = (scenario.startMs + MINUTE_MS - (trace.timesMs[0] as number)) / (spanMs + MINUTE_MS);
  const { summary } = await replay({
    trace,
    pool,
    policy,
    seed,
    historyShare,
    forecaster: null,
    timerMs: () => performance.now(),
  });
  return { unmet_demand_share: summary.unmet_demand_share, usd: summary.usd };
}

function joined(a: Series, b: Series): Series {
  return {
    timesMs: Float64Array.from([...a.timesMs, ...b.timesMs]),
    values: Float64Array.from([...a.values, ...b.values]),
  };
}

export function summaryText(summary: DemoSummary): string {
  const row = (name: string, { unmet_demand_share, usd }: Outcome) =>
    `  ${name.padEnd(10)} ${`${(100 * unmet_demand_share).toFixed(3)} %`.padStart(14)} ${usd.toFixed(2).padStart(10)} USD`;
  const { p50, p95, needed, unneeded } = summary.lead_seconds;
  const weights = Object.entries(summary.weights).map(([member, weight]) => `${member} ${(100 * weight).toFixed(0)} %`);
  return [
    '',
    `${summary.scenario}: ${formatDuration(summary.minutes * MINUTE_MS)} replayed`,
    `  model ${summary.model} on TensorFlow.js backend ${summary.backend} (${weights.join(', ')})`,
    `  Ready before need: half of the nodes by at least ${p50} s (p50), 95 % by at least ${p95} s (p95)`,
    `  ${summary.nodes_created} nodes created; of those that became Ready, ${needed} were needed and ${unneeded} left without`,
    `  ${'policy'.padEnd(10)} ${'unmet demand'.padStart(14)} ${'cost'.padStart(10)}`,
    row('forescale', summary.forescale),
    row('reactive', summary.reactive),
    row('oracle', summary.oracle),
  ].join('\n');
}
