import { boundsAt, type PoolConfig } from '@forescale/shared/config';
import type { Series } from '@forescale/shared/domain';
import type { SimulatedCluster } from '../cluster/index.ts';
import {
  createPolicy,
  demandOf,
  type PolicyKnobs,
  type PolicyName,
  type ReplayForecaster,
  signalOf,
} from '../replay/index.ts';
import { act } from '../replay/step.ts';
import { ClusterMachines } from './cluster-machines.ts';

const STEP_MS = 60_000;
/** Creations refused within a minute are tried elsewhere within the minute, so many times. */
const TRIES_PER_STEP = 3;

export interface TrialOptions {
  /** At the moment at which the trial begins; its workload follows the load. */
  readonly cluster: SimulatedCluster;
  readonly pool: PoolConfig;
  readonly policy: Exclude<PolicyName, 'oracle'>;
  readonly knobs?: Partial<PolicyKnobs>;
  /** History and what comes, in one: what is before the cluster's time is known from the start. */
  readonly load: Series;
  readonly forecaster: ReplayForecaster | null;
  readonly onProgress?: (done: number, of: number) => Promise<void> | void;
}

/** What a policy came to in a whole cluster. */
export interface TrialResult {
  readonly minutes: number;
  /** What running pods could not serve, over all demand. */
  readonly unmetDemandShare: number;
  readonly shortageTimeShare: number;
  /** Minutes that pods waited for a node, summed over the pods. */
  readonly pendingPodMinutes: number;
  readonly usd: number;
  readonly machineHours: number;
  /** Without those that were there when it began. */
  readonly nodesCreated: number;
}

/**
 * Runs one policy minute by minute through a whole simulated cluster: the workload's Deployment asks for pods, the
 * scheduler places them, machines boot and join, drains evict within the budgets. The policy sees what it sees in a
 * replay, and the pods besides.
 */
export async function runTrial(options: TrialOptions): Promise<TrialResult> {
  const { cluster, pool, load, forecaster } = options;
  const signal = signalOf(pool);
  const demand = demandOf(load, STEP_MS);
  const startMs = cluster.nowMs();
  const createdBefore = cluster.cloud.counts().created;
  const firstStep = Math.round((startMs - demand.startMs) / STEP_MS) + 1;
  for (let step = 0; step < firstStep; step++) {
    forecaster?.observe(demand.startMs + step * STEP_MS, demand.values[step] as number);
  }
  await forecaster?.train(startMs);
  const policy = createPolicy(options.policy, {
    signal,
    demand,
    capacityPerNode: signal.capacityPerNode,
    scoredFrom: firstStep,
    firstStep,
    leadTimeMs: pool.leadTimeMs,
    knobs: options.knobs ?? {},
    forecastAt: (nowMs) => forecaster?.forecast(nowMs) ?? null,
  });
  const machines = new ClusterMachines(cluster, pool);
  let pendingPodMinutes = 0;
  for (let step = firstStep; step < demand.values.length; step++) {
    const nowMs = demand.startMs + step * STEP_MS;
    const value = demand.values[step] as number;
    cluster.step(nowMs);
    machines.look();
    pendingPodMinutes += machines.pendingPods().length;
    forecaster?.observe(nowMs, value);
    const view = {
      nowMs,
      demand: value,
      demandNodes: value / signal.capacityPerNode,
      capacityPerNode: signal.capacityPerNode,
      bounds: boundsAt(pool, nowMs, null),
      pool,
      machines,
    };
    for (let attempt = 0; attempt < TRIES_PER_STEP; attempt++) {
      if (!act(policy.decide(view), view, policy).refused) break;
    }
    await options.onProgress?.(step - firstStep + 1, demand.values.length - firstStep);
  }
  const { workload, cost, machines: counts } = cluster.summary();
  return {
    minutes: demand.values.length - firstStep,
    unmetDemandShare: workload?.unmetDemandShare ?? 0,
    shortageTimeShare: workload?.shortageTimeShare ?? 0,
    pendingPodMinutes,
    usd: cost.usd,
    machineHours: cost.machineHours,
    nodesCreated: counts.created - createdBefore,
  };
}
