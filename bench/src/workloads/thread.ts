import { createWorld } from '@forescale/cli/demo';
import { createReplayForecaster } from '@forescale/cli/runtime';
import { selectBackend } from '@forescale/predictor/tensor';
import { type PoolConfig, parseConfig } from '@forescale/shared/config';
import { sliceSeries } from '@forescale/shared/domain';
import { signalOf } from '@forescale/simulator/replay';
import { runTrial } from '@forescale/simulator/trial';
import { shapedLoad } from '@forescale/simulator/workload';
import { serve } from '../threads/serve.ts';
import type { Trial, TrialAnswer } from './jobs.ts';

const HOUR_MS = 3_600_000;
/** A Monday; a week of history, then the next Monday. */
const START_MS = Date.UTC(2026, 0, 5);
const HISTORY_MS = 7 * 24 * HOUR_MS;
/** What 1 of a shape stands for, and what a node carries of it: 1 is ten nodes. */
const BASE = 1_000;
const CAPACITY_PER_NODE = 100;
const BOOT_MS = 180_000;

serve<Trial, TrialAnswer>(async (trial, onShare) => {
  const { shape, policy, hours, seed } = trial;
  const liveFromMs = START_MS + HISTORY_MS;
  const liveMs = hours * HOUR_MS;
  const load = shapedLoad({ shape, seed, startMs: START_MS, liveFromMs, liveMs, base: BASE });
  const live = sliceSeries(load, liveFromMs - 1, liveFromMs + liveMs);
  const scenario = { startMs: liveFromMs, live, capacityPerNode: CAPACITY_PER_NODE };
  const pool = trialPool();
  const first = Math.ceil((live.values[0] as number) / CAPACITY_PER_NODE) + 1;
  const cluster = createWorld(scenario, pool, first, seed);
  const forecaster = policy === 'forescale' ? await forecasterOf(pool, seed) : null;
  const onProgress = (done: number, of: number) => onShare(done / of);
  return { ...trial, ...(await runTrial({ cluster, pool, policy, load, forecaster, onProgress })) };
});

async function forecasterOf(pool: PoolConfig, seed: number) {
  const { name } = await selectBackend(pool.forecast.backend);
  return createReplayForecaster(pool, signalOf(pool), name, seed);
}

/** The demo's machines, at the defaults of `enforce`; every policy at the settings that it has by default. */
function trialPool(): PoolConfig {
  const pool = {
    name: 'web',
    lead_time: `${BOOT_MS / 1_000}s`,
    capacity_per_node: CAPACITY_PER_NODE,
    bounds: { min_nodes: 1, max_nodes: 100 },
    template: { labels: { role: 'web' }, allocatable: { cpu: '3920m', memory: '15Gi', pods: 58 } },
    offerings: ['a', 'b'].map((zone) => ({ instance_type: 'm7g.xlarge', zone, usd_per_hour: 0.1632 })),
    signals: [{ name: 'load' }],
  };
  return parseConfig(JSON.stringify({ autoscaler: { pools: [pool] } }), 'bench', {}).pools[0] as PoolConfig;
}
