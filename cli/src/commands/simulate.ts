import { selectBackend } from '@forescale/predictor/tensor';
import { loadConfig, type PoolConfig } from '@forescale/shared/config';
import { readTrace } from '@forescale/shared/trace';
import {
  POLICY_NAMES,
  type PolicyName,
  type ReplaySummary,
  replay,
  signalOf,
  timelineCsv,
} from '@forescale/simulator/replay';
import { wordsTo, writeJson, writeOutput } from '../output/json.ts';
import { startProgress } from '../output/progress.ts';
import { integerOption, numberOption, UsageError } from '../output/usage.ts';
import { createReplayForecaster } from '../runtime/replay-forecaster.ts';

export interface SimulateFlags {
  readonly config: string;
  readonly policy: string;
  readonly pool?: string;
  readonly seed: string;
  readonly history: string;
  readonly json?: string;
  readonly timeline?: string;
}

/** `forescale simulate`: what a policy would have cost and missed on a recorded load. */
export async function simulate(path: string, flags: SimulateFlags): Promise<void> {
  const policy = policyNamed(flags.policy);
  const seed = integerOption('--seed', flags.seed, 0, 2 ** 31 - 1);
  const historyShare = numberOption('--history', flags.history, 0, 0.99);
  const pool = poolNamed(flags, (await loadConfig(flags.config, process.env)).pools);
  const trace = await readTrace(path);
  const progress = startProgress(`simulate ${policy}`);
  const result = await replay({
    trace,
    pool,
    policy,
    seed,
    historyShare,
    forecaster: policy === 'forescale' ? await forecasterFor(pool, seed) : null,
    timerMs: () => performance.now(),
    onProgress: (done, of) => progress.update(done, of),
  });
  progress.end();
  if (flags.timeline !== undefined) await writeOutput('--timeline', flags.timeline, timelineCsv(result.timeline));
  if (flags.json !== undefined) await writeJson(flags.json, result.summary);
  wordsTo(flags.json).write(`${words(path, result.summary)}\n`);
}

async function forecasterFor(pool: PoolConfig, seed: number) {
  const { name } = await selectBackend(pool.forecast.backend);
  return createReplayForecaster(pool, signalOf(pool), name, seed);
}

function policyNamed(name: string): PolicyName {
  const policy = POLICY_NAMES.find((known) => known === name);
  if (policy) return policy;
  throw new UsageError(`--policy = ${JSON.stringify(name)}; allowed: ${POLICY_NAMES.join(', ')}`);
}

function poolNamed(flags: SimulateFlags, pools: readonly PoolConfig[]): PoolConfig {
  const pool = flags.pool === undefined ? pools[0] : pools.find((one) => one.name === flags.pool);
  if (pool) return pool;
  throw new UsageError(`--pool = ${JSON.stringify(flags.pool)}; allowed: ${pools.map((one) => one.name).join(', ')}`);
}

function words(path: string, summary: ReplaySummary): string {
  const percent = (share: number) => `${(100 * share).toFixed(3)} %`;
  return [
    `${path}: policy ${summary.policy} would have cost ${summary.usd.toFixed(2)} USD and missed ${percent(summary.unmet_demand_share)} of the demand`,
    `  ${summary.steps} steps, ${summary.node_hours.toFixed(0)} node-hours, shortage in ${percent(summary.shortage_time_share)} of the time`,
    `  ${summary.cost_ratio.toFixed(3)} times what perfect foresight would have paid for as much unmet demand (${summary.oracle_usd.toFixed(2)} USD)`,
    `  ${summary.nodes_created} nodes created in ${summary.scale_ups} scale-ups, ${summary.scale_downs} scale-downs, ${summary.spot_interruptions} spot interruptions, ${summary.create_failures} failed creations`,
    `  decisions p50 ${summary.decision_ms.p50.toFixed(2)} ms, p99 ${summary.decision_ms.p99.toFixed(2)} ms, training ${summary.train_seconds.toFixed(1)} s`,
  ].join('\n');
}
