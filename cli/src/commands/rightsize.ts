import { offeringOf } from '@forescale/actuator/execute';
import { offeringId, priceOf } from '@forescale/actuator/plan';
import { type Mix, type Observed, observe, type Rightsizing, rightsize } from '@forescale/actuator/rightsize';
import { Capacities } from '@forescale/actuator/service';
import type { Config, PoolConfig } from '@forescale/shared/config';
import { createLog } from '@forescale/shared/telemetry';
import { systemClock } from '@forescale/shared/time';
import { wordsTo, writeJson } from '../output/json.ts';
import { priceDocument } from '../output/offerings.ts';
import { rightsizeText } from '../output/rightsize-text.ts';
import { integerOption, numberOption, UsageError } from '../output/usage.ts';
import { loadCompleteConfig } from '../runtime/complete-config.ts';
import { solverFor } from '../runtime/mix-solver.ts';
import { openRuntime, type Runtime } from '../runtime/runtime.ts';

const DAY_MS = 86_400_000;

export interface RightsizeFlags {
  readonly config: string;
  readonly pool?: string;
  readonly days: string;
  readonly margin: string;
  readonly json?: string;
}

/** One pool: what there is, and what its load asks for. */
export interface PoolRightsizing {
  readonly pool: string;
  readonly days: number;
  readonly margin: number;
  readonly observed: Observed;
  /** The nodes of this moment; null: the cluster cannot be asked. */
  readonly nodes: Mix['machines'] | null;
  readonly advice: Rightsizing;
}

/** `forescale rightsize`: which machines and which pod requests the observed load asks for, and what they cost. */
export async function rightsizeNow(flags: RightsizeFlags): Promise<void> {
  const days = integerOption('--days', flags.days, 1, 366);
  const margin = numberOption('--margin', flags.margin, 0, 3);
  const config = await loadCompleteConfig(flags.config, process.env);
  const pools = flags.pool === undefined ? config.pools : config.pools.filter((pool) => pool.name === flags.pool);
  if (pools.length === 0) {
    const names = config.pools.map((pool) => pool.name).join(', ');
    throw new UsageError(`--pool = ${JSON.stringify(flags.pool)}; allowed: ${names}`);
  }
  const results = await rightsizePools(config, pools, days, margin);
  if (flags.json !== undefined) await writeJson(flags.json, { pools: results.map(document) });
  wordsTo(flags.json).write(`${results.map(rightsizeText).join('\n\n')}\n`);
}

async function rightsizePools(config: Config, pools: readonly PoolConfig[], days: number, margin: number) {
  const runtime = await openRuntime(config, 'rightsize', createLog('rightsize', 'warn'));
  try {
    const solve = await solverFor(pools);
    const toMs = systemClock.nowMs();
    const results: PoolRightsizing[] = [];
    for (const pool of pools) {
      const observed = await observe(runtime.store, pool, toMs - days * DAY_MS, toMs);
      const advice = rightsize(pool, observed.loads, observed.workloads, margin, solve, await learnedOf(runtime, pool));
      results.push({ pool: pool.name, days, margin, observed, nodes: await nodesOf(runtime, pool, toMs), advice });
    }
    return results;
  } finally {
    await runtime.close();
  }
}

/** What the actuator has learned of the signals that do not declare what a node carries. */
async function learnedOf(runtime: Runtime, pool: PoolConfig) {
  if (pool.signals.every(({ capacityPerNode }) => capacityPerNode !== null)) return [];
  const capacities = new Capacities(pool, runtime.store, await runtime.openState('actuator'));
  await capacities.load();
  return capacities.all;
}

/** The advice stands without a cluster: what is there now is for comparison. */
async function nodesOf(runtime: Runtime, pool: PoolConfig, nowMs: number): Promise<PoolRightsizing['nodes']> {
  const state = await runtime.cluster?.reader.read(nowMs).catch(() => null);
  if (!state) return null;
  const counts = new Map<string, Mix['machines'][number]>();
  for (const node of state.nodes) {
    if (!Object.entries(pool.selector).every(([key, value]) => node.labels[key] === value)) continue;
    const offering = offeringOf(pool, node);
    const id = offeringId(offering);
    const line = counts.get(id) ?? { offering: id, count: 0, usdPerHour: 0, price: priceOf(offering) };
    counts.set(id, { ...line, count: line.count + 1, usdPerHour: line.usdPerHour + offering.usdPerHour });
  }
  return [...counts.values()].sort((a, b) => (a.offering < b.offering ? -1 : 1));
}

function document({ pool, days, margin, observed, nodes, advice }: PoolRightsizing) {
  const line = (one: Mix['machines'][number]) => ({
    offering: one.offering,
    count: one.count,
    usd_per_hour: one.usdPerHour,
    price: priceDocument(one),
  });
  return {
    pool,
    days,
    margin,
    observed: observed.loads,
    cut: observed.cut,
    not_counted: advice.mixes[0]?.uncounted ?? [],
    now: { usd_per_hour_mean: observed.usdPerHour, machines: nodes?.map(line) ?? null },
    machines: advice.mixes.map((mix) => ({
      level: mix.level,
      with_requests: mix.withRequests,
      usd_per_hour: mix.usdPerHour,
      machines: mix.machines.map(line),
      why: mix.why,
    })),
    requests: advice.requests.map((one) => ({
      namespace: one.namespace,
      workload: one.workload,
      pods: one.pods,
      cpu_millicores: { now: one.cpuNow, advised: one.cpuThen },
      memory_bytes: { now: one.memoryNow, advised: one.memoryThen },
    })),
  };
}
