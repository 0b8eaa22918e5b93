import type { OfferingConfig, Override } from '@forescale/shared/config';
import type { CapacityType, ClusterPod, Resources, Taint } from '@forescale/shared/domain';
import type { Held, PlaceholderSize } from '../providers/port.ts';
import type { PlanMemory } from './memory.ts';
import type { PriceBasis } from './price-basis.ts';

/**
 * Where a node of the pool stands.
 * - `ready`: carries load.
 * - `notready`: was Ready once and is not now. (One that never was belongs to the starting ones.)
 * - `cordoned`: somebody else has closed it; it exists and costs, and is nothing to build on.
 * - `draining`: on its way out by our decision, which can still be taken back.
 * - `leaving`: on its way out for good: reclaimed, or its machine is being terminated.
 */
export type NodePhase = 'ready' | 'notready' | 'cordoned' | 'draining' | 'leaving';

/** A node of the pool that has been Ready at least once. */
export interface PoolNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly allocatable: Resources;
  /** How many nodes of the pool's template it stands for; 1 for a machine like the template. */
  readonly units: number;
  /** Bound to it. Null where no pods are known, as in a replay of a trace: demand over capacity then decides alone. */
  readonly pods: readonly ClusterPod[] | null;
  /** Created by Forescale. */
  readonly owned: boolean;
  /** See `offeringId`; null where the machine is none of the pool's offerings. */
  readonly offeringId: string | null;
  readonly instanceType: string;
  readonly zone: string;
  readonly capacityType: CapacityType;
  readonly usdPerHour: number;
  /** Since when it is paid for. */
  readonly createdMs: number;
  readonly phase: NodePhase;
  /** Why it may never leave, in words; null when it may. See `whyKept`. */
  readonly keptBecause: string | null;
  /** When the cloud will take the machine back, once it has said so; null otherwise. */
  readonly interruptedMs: number | null;
  /** Since when the cloud has thought its machine at risk of being taken back; absent or null: it has not said so. */
  readonly rebalanceMs?: number | null;
  /** Since when it has been NotReady, where Forescale may take it away for that; see `whyNotRepaired`. */
  readonly brokenSinceMs?: number | null;
}

/** A machine that was requested and is not a Ready node yet. */
export interface StartingNode {
  readonly requestId: string;
  readonly requestedMs: number;
  readonly offering: OfferingConfig;
  /** Nobody has been asked for it yet: it waits for its turn at its provider's rate, and costs nothing to take back. */
  readonly queued?: boolean;
  /** Once it has registered with the cluster. */
  readonly nodeName: string | null;
  /** When the cloud will take it back; absent or null: it has not said so. */
  readonly interruptedMs?: number | null;
}

/** The latest value of one signal, its sources combined. */
export interface SignalReading {
  readonly signal: string;
  readonly timeMs: number;
  readonly value: number;
}

export interface RejectedForecast {
  readonly signal: string;
  readonly reason: string;
}

/** How long the last nodes of one offering took from request to Ready. */
export interface MeasuredLead {
  readonly p95Ms: number;
  /** How many nodes that is measured of. */
  readonly nodes: number;
}

/** What a node carries of a signal that does not declare it, as learned; `perNode` is null where that failed. */
export interface LearnedCapacity {
  readonly signal: string;
  readonly perNode: number | null;
  /** From what it was learned, or why it was not. */
  readonly why: string;
}

/** Everything that a plan is made from, besides forecasts, configuration and the time. */
export interface PlanState {
  readonly nodes: readonly PoolNode[];
  readonly starting: readonly StartingNode[];
  /** Pods bound to no node, of the whole cluster: the plan takes those that this pool can carry. */
  readonly pendingPods: readonly ClusterPod[];
  readonly readings: readonly SignalReading[];
  /** Forecasts that came and cannot be read as such, in words that follow "forecast of <signal> ". */
  readonly unreadForecasts: readonly RejectedForecast[];
  /**
   * From request to Ready, for offerings that `leadTimes` does not have: the measured 95th percentile over the whole
   * pool, or the configured one until there is a measured one.
   */
  readonly leadTimeMs: number;
  /** By `offeringId`, where enough nodes of it were measured. */
  readonly leadTimes?: Readonly<Record<string, MeasuredLead>>;
  /** Of signals without `capacity_per_node`. */
  readonly capacities?: readonly LearnedCapacity[];
  /**
   * Of a pool whose nodes somebody else creates and removes: the placeholders that hold room in it, null where they could
   * not be read. Absent: machines are bought and drained.
   */
  readonly held?: Held | null;
  /** Until the next plan. */
  readonly tickMs: number;
  /** All nodes of the cluster, and how many of them are not Ready. */
  readonly cluster: { readonly nodes: number; readonly unready: number };
  readonly override: Override | null;
  readonly memory: PlanMemory;
}

/** What is to be done. Nothing is left to choose for whoever carries it out. */
export type Action =
  | { readonly kind: 'create'; readonly offering: OfferingConfig; readonly count: number; readonly reason: string }
  /** Cordon, evict, delete the node, terminate the machine. `force`: the machine goes anyway, budgets or not. */
  | { readonly kind: 'drain'; readonly nodeName: string; readonly reason: string; readonly force: boolean }
  | { readonly kind: 'cancel-drain'; readonly nodeName: string; readonly reason: string }
  /** Terminate a machine that is not a Ready node yet. */
  | { readonly kind: 'cancel-start'; readonly requestId: string; readonly reason: string }
  /** So many placeholders from now on, in all. */
  | {
      readonly kind: 'headroom';
      readonly replicas: number;
      readonly size: PlaceholderSize;
      readonly reason: string;
    };

/** What one source asks for. Sources: `observed:<signal>`, `forecast:<signal>`, `hold:<signal>`, `pending`. */
export interface Need {
  readonly source: string;
  readonly nodes: number;
  readonly why: string;
}

/** `code` is stable and in kebab-case, `text` is for people. */
export interface Reason {
  readonly code: string;
  readonly text: string;
}

/** What this plan took a node to carry of a signal, in its unit; null: the signal was ignored. */
export interface SignalCapacity {
  readonly signal: string;
  readonly perNode: number | null;
  readonly from: 'declared' | 'learned' | 'unknown';
  readonly why: string;
}

export interface PlanReport {
  readonly pool: string;
  readonly atMs: number;
  readonly mode: 'observe' | 'enforce';
  readonly generation: number;
  readonly paused: boolean;
  readonly needs: readonly Need[];
  readonly capacities: readonly SignalCapacity[];
  /** From order to Ready, for which this plan orders, and where that is known from. */
  readonly leadTimeMs: number;
  readonly leadTimeWhy: string;
  /** In nodes of the template, before bounds: the largest that a source orders, and which source that is. */
  readonly need: number;
  readonly needFrom: string;
  /** What has to stay, before bounds: at least `need`, more where the forecast wants a node back soon. */
  readonly hold: number;
  readonly floor: number;
  readonly floorFrom: string;
  readonly ceiling: number;
  readonly ceilingFrom: string;
  readonly usdPerHourMax: number | null;
  /** The bound that kept the plan from following the need, such as `max of policy night`; null when none did. */
  readonly boundBy: string | null;
  /** `need` within the bounds. */
  readonly desired: number;
  /** Nodes before the actions. Those not Ready or cordoned by somebody else are in none of the three. */
  readonly ready: number;
  readonly starting: number;
  readonly draining: number;
  /** Nodes that this plan wants and that were let go within the last half hour. */
  readonly wantedBack: number;
  /** Of everything that exists or starts now, before the actions. */
  readonly usdPerHour: number;
  /** What that, and what is bought by, rests on. */
  readonly prices: PriceBasis;
  /** Every decision and every hold, with its numbers. */
  readonly reasons: readonly Reason[];
  readonly rejectedForecasts: readonly RejectedForecast[];
}

export interface Plan {
  readonly actions: readonly Action[];
  readonly report: PlanReport;
  /** To be handed to the next plan, and to be kept over a restart. */
  readonly memory: PlanMemory;
  /** Uids of the pending pods that this plan has found places for; another pool must not count them again. */
  readonly servedPodUids: readonly string[];
}
