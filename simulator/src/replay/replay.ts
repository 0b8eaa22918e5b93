import { type MixSolver, offeringsOf } from '@forescale/actuator/plan';
import { boundsAt, type OfferingConfig, type PoolConfig, type SignalConfig } from '@forescale/shared/config';
import type { Series } from '@forescale/shared/domain';
import { seededRandom } from '@forescale/shared/time';
import { type Demand, demandOf } from './demand.ts';
import { ReplayError } from './errors.ts';
import type { ReplayForecaster } from './forescale-policy.ts';
import { Learner, type OnReplayProgress } from './learner.ts';
import { Machines, type ReplayFaults } from './machines.ts';
import { leastNodes, nodesNeeded, usdPerHourOf } from './oracle.ts';
import { createPolicy } from './policies.ts';
import type { Policy, PolicyKnobs, PolicyName } from './policy.ts';
import { type PriceChange, pricedPool } from './prices.ts';
import { scoreTimeline } from './score.ts';
import { signalOf } from './signal.ts';
import { takeStep } from './step.ts';
import { type ReplaySummary, summaryOf, type Tally } from './summary.ts';
import { createTimeline, type ReplayTimeline } from './timeline.ts';

const MINUTE_MS = 60_000;
/** The policy runs so long before the first scored step, so that it is under way by then. */
const WARM_UP_MS = 180 * MINUTE_MS;
const PROGRESS_STEPS = 500;

/** What a node is taken to cost where the pool declares no offerings: a replay without prices compares nothing. */
const NOMINAL_OFFERING: OfferingConfig = {
  provider: '',
  instanceType: 'nominal',
  region: 'local',
  zone: 'local',
  capacityType: 'on_demand',
  usdPerHour: 0.1,
  allocatable: null,
  interruption: null,
};

export interface ReplayOptions {
  readonly trace: Series;
  readonly pool: PoolConfig;
  readonly policy: PolicyName;
  readonly seed: number;
  /** Share of the trace that is history only, in [0, 1). */
  readonly historyShare: number;
  /** 60,000 when absent. */
  readonly stepMs?: number;
  /** For `forescale`; null: it plans without forecasts. */
  readonly forecaster: ReplayForecaster | null;
  readonly knobs?: Partial<PolicyKnobs>;
  /** Fixed boot of the pool's lead time, drains at once, and nothing fails, where absent. */
  readonly faults?: Partial<ReplayFaults>;
  /** For `forescale`: finds the cheapest mix of machines; without it they are chosen one by one. */
  readonly solve?: MixSolver | null;
  /** Prices that change during the replay; none do where absent. */
  readonly prices?: readonly PriceChange[];
  /** A monotonic clock for the time that decisions take; the replay has none of its own. */
  readonly timerMs: () => number;
  /** Awaited now and then, so that the caller can show progress, let others run, or reject to stop. */
  readonly onProgress?: OnReplayProgress;
}

export interface ReplayResult {
  readonly summary: ReplaySummary;
  readonly timeline: ReplayTimeline;
}

/** One run, prepared. */
interface Run {
  readonly options: ReplayOptions;
  readonly pool: PoolConfig;
  /** With the prices of that time. */
  readonly poolAt: (timeMs: number) => PoolConfig;
  readonly signal: SignalConfig;
  readonly capacityPerNode: number;
  readonly demand: Demand;
  /** First scored step. */
  readonly scoredFrom: number;
  readonly timeline: ReplayTimeline;
  readonly tally: Tally;
}

/**
 * Replays a trace against a simulated cloud in virtual time. At step k the policy sees samples up to k; a machine
 * requested at k is Ready at k + boot and is paid for from the request to its removal. Only the steps after the history
 * are scored. Rejects with `ReplayError`, or with what the forecaster or `onProgress` rejects with.
 */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const run = prepare(options);
  const { pool, timeline, tally, capacityPerNode } = run;
  const faults: ReplayFaults = {
    boot: { kind: 'fixed', ms: pool.leadTimeMs },
    drainMs: 0,
    createFailureShare: 0,
    spotReclaimsPerHour: 0,
    reclaimNoticeMs: 120_000,
    minBillingMs: pool.scaleDown.minBillingMs,
    ...options.faults,
  };
  const machines = new Machines(pool, faults, seededRandom(options.seed));
  if (options.policy === 'oracle') foresee(run);
  else {
    const learner =
      options.policy === 'forescale' && options.forecaster ? createLearner(run, options.forecaster) : null;
    const policy = createPolicy(options.policy, {
      ...run,
      firstStep: firstStep(run),
      leadTimeMs: faults.boot.kind === 'fixed' ? faults.boot.ms : faults.boot.p95Ms,
      knobs: options.knobs ?? {},
      forecastAt: (nowMs) => learner?.forecast(nowMs) ?? null,
      solve: options.solve ?? null,
    });
    await runPolicy(run, machines, policy, learner);
  }
  const score = scoreTimeline(timeline, capacityPerNode, (row) => run.poolAt(timeline.startMs + row * timeline.stepMs));
  return { summary: summaryOf(options.policy, options.seed, timeline, score, tally, machines), timeline };
}

function prepare(options: ReplayOptions): Run {
  const { historyShare, stepMs = MINUTE_MS } = options;
  if (!(historyShare >= 0 && historyShare < 1)) {
    throw new ReplayError(`history share = ${historyShare}; allowed: at least 0 and less than 1`);
  }
  const signal = signalOf(options.pool);
  const offerings = options.pool.offerings.length > 0 ? options.pool.offerings : [NOMINAL_OFFERING];
  const pool = { ...options.pool, offerings, signals: [signal] };
  const demand = demandOf(options.trace, stepMs);
  const scoredFrom = Math.min(demand.values.length - 1, Math.floor(historyShare * demand.values.length));
  const scored = demand.values.subarray(scoredFrom);
  return {
    options,
    pool,
    poolAt: pricedPool(pool, options.prices ?? []),
    signal,
    capacityPerNode: signal.capacityPerNode,
    demand,
    scoredFrom,
    timeline: createTimeline(demand.startMs + scoredFrom * stepMs, stepMs, scored),
    tally: { scaleUps: 0, scaleDowns: 0, trainMs: 0, decisionsMs: new Float32Array(scored.length) },
  };
}

/** The policy starts here, before the first scored step. */
function firstStep({ pool, demand, scoredFrom }: Run): number {
  const warmUpMs = WARM_UP_MS + 2 * pool.scaleDown.unneededMs;
  return Math.max(0, scoredFrom - Math.ceil(warmUpMs / demand.stepMs));
}

async function runPolicy(run: Run, machines: Machines, policy: Policy, learner: Learner | null): Promise<void> {
  const { options, pool, demand, scoredFrom, capacityPerNode } = run;
  const { stepMs } = demand;
  const first = firstStep(run);
  const timeAt = (step: number) => demand.startMs + step * stepMs;
  const record = { timerMs: options.timerMs, tally: run.tally, timeline: run.timeline, capacityPerNode };
  await learner?.feed(timeAt(first) - 1);
  const offering = offeringsOf(pool)[0] as OfferingConfig;
  const bounds = boundsAt(pool, timeAt(first), null);
  const began = Math.ceil((demand.values[first] as number) / capacityPerNode) + 1;
  machines.seed(offering, Math.min(bounds.maxNodes.value, Math.max(bounds.minNodes.value, began)), timeAt(first));
  for (let step = first; step < demand.values.length; step++) {
    const nowMs = timeAt(step);
    await learner?.learn(nowMs);
    if (step === scoredFrom) Object.assign(machines, { created: 0, createFailures: 0, interruptions: 0 });
    machines.advance(nowMs, stepMs, run.poolAt(nowMs));
    const value = demand.values[step] as number;
    const view = {
      nowMs,
      demand: value,
      demandNodes: Math.max(0, value) / capacityPerNode,
      capacityPerNode,
      bounds: boundsAt(pool, nowMs, null),
      pool: run.poolAt(nowMs),
      machines,
    };
    takeStep(record, view, policy, step - scoredFrom);
    const done = step - first + 1;
    if (done % PROGRESS_STEPS === 0) await options.onProgress?.(done, demand.values.length - first, 'replay');
  }
}

function createLearner({ options, pool, demand, tally }: Run, forecaster: ReplayForecaster): Learner {
  return new Learner({
    trace: options.trace,
    demand,
    forecaster,
    retrainEveryMs: pool.forecast.retrainEveryMs,
    onProgress: options.onProgress ?? (() => {}),
    async timed(work) {
      const startMs = options.timerMs();
      await work();
      tally.trainMs += options.timerMs() - startMs;
    },
  });
}

/** The clairvoyant bound as a run: whole nodes in exactly the steps that need them. */
function foresee({ pool, poolAt, timeline, tally, capacityPerNode }: Run): void {
  const least = leastNodes(pool);
  for (let row = 0; row < timeline.rows; row++) {
    const nodes = nodesNeeded(timeline.demand[row] as number, capacityPerNode, least);
    const before = row === 0 ? nodes : (timeline.nodesReady[row - 1] as number);
    if (nodes > before) tally.scaleUps++;
    if (nodes < before) tally.scaleDowns++;
    timeline.nodesReady[row] = nodes;
    timeline.nodesDesired[row] = nodes;
    timeline.capacityReady[row] = nodes * capacityPerNode;
    timeline.usdPerHour[row] = usdPerHourOf(nodes, poolAt(timeline.startMs + row * timeline.stepMs));
  }
}
