import { priceBasis, priceWords } from '@forescale/actuator/plan';
import { selectBackend } from '@forescale/predictor/tensor';
import type { Config, PoolConfig, SimulationConfig } from '@forescale/shared/config';
import type { Series } from '@forescale/shared/domain';
import { silentLog } from '@forescale/shared/telemetry';
import { systemClock } from '@forescale/shared/time';
import { readTrace } from '@forescale/shared/trace';
import {
  POLICY_NAMES,
  type PolicyName,
  type ReplayFaults,
  type ReplaySummary,
  replay,
  signalOf,
  timelineCsv,
} from '@forescale/simulator/replay';
import { readHistory } from '../history/read-history.ts';
import { wordsTo, writeJson, writeOutput } from '../output/json.ts';
import { startProgress } from '../output/progress.ts';
import { integerOption, numberOption, UsageError } from '../output/usage.ts';
import { loadCompleteConfig } from '../runtime/complete-config.ts';
import { solverFor } from '../runtime/mix-solver.ts';
import { createReplayForecaster } from '../runtime/replay-forecaster.ts';
import { openStore } from '../runtime/runtime.ts';
import { poolNamed, signalNamed } from './pool-named.ts';

export interface SimulateFlags {
  readonly config: string;
  readonly policy: string;
  readonly pool?: string;
  readonly fromStore?: string;
  readonly seed: string;
  readonly history: string;
  readonly createFailures?: string;
  readonly spotReclaims?: string;
  readonly json?: string;
  readonly timeline?: string;
}

/** `forescale simulate`: what a policy would have cost and missed on a recorded load. */
export async function simulate(path: string | undefined, flags: SimulateFlags): Promise<void> {
  const policy = policyNamed(flags.policy);
  const seed = integerOption('--seed', flags.seed, 0, 2 ** 31 - 1);
  const historyShare = numberOption('--history', flags.history, 0, 0.99);
  const config = await loadCompleteConfig(flags.config, process.env);
  const { name, pool, trace } = await loadToReplay(path, flags, config);
  const progress = startProgress(`simulate ${policy}`);
  const result = await replay({
    trace,
    pool,
    policy,
    seed,
    historyShare,
    faults: { ...faultsOf(config.simulation), ...faultFlags(flags) },
    prices: config.simulation.prices,
    forecaster: policy === 'forescale' ? await forecasterFor(pool, seed) : null,
    solve: await solverFor([pool]),
    timerMs: () => performance.now(),
    onProgress: (done, of) => progress.update(done, of),
  });
  progress.end();
  if (flags.timeline !== undefined) await writeOutput('--timeline', flags.timeline, timelineCsv(result.timeline));
  const prices = priceBasis(pool.offerings);
  if (flags.json !== undefined) await writeJson(flags.json, { ...result.summary, prices: prices.source });
  wordsTo(flags.json).write(`${words(name, result.summary, priceWords(prices))}\n`);
}

interface ToReplay {
  readonly name: string;
  readonly pool: PoolConfig;
  readonly trace: Series;
}

/** The load of a file, or what the store knows of a signal. */
async function loadToReplay(path: string | undefined, flags: SimulateFlags, config: Config): Promise<ToReplay> {
  const { fromStore } = flags;
  if ((path === undefined) === (fromStore === undefined)) {
    throw new UsageError('simulate needs one load; allowed: a trace, or --from-store POOL/SIGNAL');
  }
  if (path !== undefined) {
    return { name: path, pool: poolNamed(config.pools, '--pool', flags.pool), trace: await readTrace(path) };
  }
  const [poolName = '', signalName, ...more] = (fromStore ?? '').split('/');
  if (signalName === undefined || more.length > 0 || flags.pool !== undefined) {
    throw new UsageError(`--from-store = ${JSON.stringify(fromStore)}; allowed: POOL/SIGNAL, without --pool`);
  }
  const pool = poolNamed(config.pools, '--from-store', poolName);
  const signal = signalNamed(pool, '--from-store', signalName);
  const store = await openStore(config, systemClock, silentLog());
  try {
    const trace = await readHistory(store, pool.name, signal, systemClock.nowMs());
    return { name: `${poolName}/${signalName}`, pool: { ...pool, signals: [signal] }, trace };
  } finally {
    await store.close();
  }
}

async function forecasterFor(pool: PoolConfig, seed: number) {
  const { name } = await selectBackend(pool.forecast.backend);
  return createReplayForecaster(pool, signalOf(pool), name, seed);
}

/** What the configuration says of the simulated cloud; where it is silent, the pool's own settings hold. */
function faultsOf({ boot, minBillingMs, ...rest }: SimulationConfig): Partial<ReplayFaults> {
  const { drainMs, createFailureShare, spotReclaimsPerHour, reclaimNoticeMs } = rest;
  const faults = { drainMs, createFailureShare, spotReclaimsPerHour, reclaimNoticeMs };
  return { ...faults, ...(boot && { boot }), ...(minBillingMs !== null && { minBillingMs }) };
}

/** What the command line says of them comes before the configuration. */
function faultFlags({ createFailures, spotReclaims }: SimulateFlags): Partial<ReplayFaults> {
  const share = (option: string, text: string) => numberOption(option, text, 0, 1);
  return {
    ...(createFailures !== undefined && { createFailureShare: share('--create-failures', createFailures) }),
    ...(spotReclaims !== undefined && { spotReclaimsPerHour: share('--spot-reclaims', spotReclaims) }),
  };
}

function policyNamed(name: string): PolicyName {
  const policy = POLICY_NAMES.find((known) => known === name);
  if (policy) return policy;
  throw new UsageError(`--policy = ${JSON.stringify(name)}; allowed: ${POLICY_NAMES.join(', ')}`);
}

function words(name: string, summary: ReplaySummary, prices: string): string {
  const percent = (share: number) => `${(100 * share).toFixed(3)} %`;
  return [
    `${name}: policy ${summary.policy} would have cost ${summary.usd.toFixed(2)} USD and missed ${percent(summary.unmet_demand_share)} of the demand`,
    `  ${summary.steps} steps, ${summary.node_hours.toFixed(0)} node-hours, shortage in ${percent(summary.shortage_time_share)} of the time`,
    `  ${summary.cost_ratio.toFixed(3)} times what perfect foresight would have paid for as much unmet demand (${summary.oracle_usd.toFixed(2)} USD); prices: ${prices}`,
    `  ${summary.nodes_created} nodes created in ${summary.scale_ups} scale-ups, ${summary.scale_downs} scale-downs, ${summary.spot_interruptions} spot interruptions, ${summary.create_failures} failed creations`,
    `  decisions p50 ${summary.decision_ms.p50.toFixed(2)} ms, p99 ${summary.decision_ms.p99.toFixed(2)} ms, training ${summary.train_seconds.toFixed(1)} s`,
  ].join('\n');
}
