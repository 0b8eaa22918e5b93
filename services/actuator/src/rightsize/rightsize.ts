import type { PoolConfig, PriceOrigin } from '@forescale/shared/config';
import { EMPTY_MEMORY, type LearnedCapacity, type MixSolver, offeringId, plan, priceOf } from '../plan/index.ts';

/** What was seen of a signal over the days. */
export interface ObservedLoad {
  readonly signal: string;
  readonly samples: number;
  readonly p95: number;
  readonly p99: number;
}

/** What was seen of a workload: of the pod that used most, CPU in millicores, memory in bytes. */
export interface ObservedWorkload {
  readonly namespace: string;
  readonly workload: string;
  readonly samples: number;
  /** The latest count, and what each asks for. */
  readonly pods: number;
  readonly requestedCpu: number;
  readonly requestedMemory: number;
  readonly usedCpuP95: number;
  readonly usedMemoryP95: number;
  readonly usedMemoryMax: number;
}

interface MixLine {
  readonly offering: string;
  readonly count: number;
  readonly usdPerHour: number;
  readonly price: PriceOrigin;
}

/** The machines for a load, bought from nothing by the rules of a plan. */
export interface Mix {
  readonly level: 'p95' | 'p99';
  /** With the pod requests below instead of those in force. */
  readonly withRequests: boolean;
  readonly machines: readonly MixLine[];
  readonly usdPerHour: number;
  /** Why no machines are named; null where they are. */
  readonly why: string | null;
  /** Signals that the machines were not bought for, since what a node carries of them is not known. */
  readonly uncounted: readonly string[];
}

export interface RequestLine {
  readonly namespace: string;
  readonly workload: string;
  readonly pods: number;
  readonly cpuNow: number;
  readonly cpuThen: number;
  readonly memoryNow: number;
  readonly memoryThen: number;
}

export interface Rightsizing {
  readonly mixes: readonly Mix[];
  readonly requests: readonly RequestLine[];
}

const NODES_MAX = 10_000;
const CPU_STEP = 5;
const MEMORY_STEP = 2 ** 20;

/**
 * Which machines the observed load asks for, and which requests its pods: the 95th percentile of what they used and
 * `margin` of it on top; of memory at least what was ever used, since a pod that outgrows its memory is killed.
 * `capacities`: what was learned that a node carries of the signals that do not declare it.
 */
export function rightsize(
  pool: PoolConfig,
  loads: readonly ObservedLoad[],
  workloads: readonly ObservedWorkload[],
  margin: number,
  solve: MixSolver | null,
  capacities: readonly LearnedCapacity[] = [],
): Rightsizing {
  const requests = workloads.map((one) => requestFor(one, margin));
  const factors = requestFactors(requests);
  const mixes: Mix[] = [];
  for (const withRequests of requests.length > 0 ? [false, true] : [false]) {
    for (const level of ['p95', 'p99'] as const) {
      const values = loads.map((load) => ({
        signal: load.signal,
        value: load[level] * (1 + margin) * (withRequests ? (factors[load.signal] ?? 1) : 1),
      }));
      mixes.push({ level, withRequests, ...mixFor(pool, values, solve, capacities) });
    }
  }
  return { mixes, requests };
}

function requestFor(seen: ObservedWorkload, margin: number): RequestLine {
  const up = (value: number, step: number) => Math.max(step, Math.ceil(value / step - 1e-9) * step);
  return {
    namespace: seen.namespace,
    workload: seen.workload,
    pods: seen.pods,
    cpuNow: seen.requestedCpu,
    cpuThen: up(seen.usedCpuP95 * (1 + margin), CPU_STEP),
    memoryNow: seen.requestedMemory,
    memoryThen: up(Math.max(seen.usedMemoryP95 * (1 + margin), seen.usedMemoryMax), MEMORY_STEP),
  };
}

/** By signal: how much of what is requested now would be requested then. */
function requestFactors(requests: readonly RequestLine[]): Readonly<Record<string, number>> {
  const sum = (of: (line: RequestLine) => number) => requests.reduce((total, line) => total + line.pods * of(line), 0);
  const factor = (then: number, now: number) => (now > 0 ? then / now : 1);
  return {
    'requested-cpu': factor(
      sum((one) => one.cpuThen),
      sum((one) => one.cpuNow),
    ),
    'requested-memory': factor(
      sum((one) => one.memoryThen),
      sum((one) => one.memoryNow),
    ),
  };
}

/** What a plan would buy from nothing: the policy on spot holds, bounds on nodes and price do not. */
function mixFor(
  configured: PoolConfig,
  values: readonly { readonly signal: string; readonly value: number }[],
  solve: MixSolver | null,
  capacities: readonly LearnedCapacity[],
): Pick<Mix, 'machines' | 'usdPerHour' | 'why' | 'uncounted'> {
  const bounds = { minNodes: 0, maxNodes: NODES_MAX, usdPerHourMax: null };
  const pool: PoolConfig = { ...configured, bounds, policies: [], mode: 'observe' };
  const state = {
    nodes: [],
    starting: [],
    pendingPods: [],
    readings: values.map((one) => ({ ...one, timeMs: 0 })),
    unreadForecasts: [],
    leadTimeMs: pool.leadTimeMs,
    tickMs: 60_000,
    cluster: { nodes: 0, unready: 0 },
    override: null,
    memory: EMPTY_MEMORY,
    capacities,
  };
  const { actions, report } = plan(state, [], pool, 0, solve);
  const machines = actions.flatMap((action) =>
    action.kind === 'create'
      ? [
          {
            offering: offeringId(action.offering),
            count: action.count,
            usdPerHour: action.count * action.offering.usdPerHour,
            price: priceOf(action.offering),
          },
        ]
      : [],
  );
  const usdPerHour = machines.reduce((sum, one) => sum + one.usdPerHour, 0);
  const uncounted = report.reasons.flatMap((one) => (one.code === 'signal-without-capacity' ? [one.text] : []));
  const refused = report.reasons.find((one) => one.code === 'no-offering')?.text;
  const why = machines.length > 0 ? null : (uncounted[0] ?? refused ?? 'nothing was asked for');
  return { machines, usdPerHour, why, uncounted };
}
