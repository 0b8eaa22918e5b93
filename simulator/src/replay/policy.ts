import type { Action, PoolNode, StartingNode } from '@forescale/actuator/plan';
import type { Bounds, OfferingConfig, PoolConfig } from '@forescale/shared/config';
import type { ClusterPod } from '@forescale/shared/domain';
import type { MachineCount } from './machines.ts';

/** Machines as a policy sees them, and what can be done with them: those of a replay, or of a whole cluster. */
export interface Machinery {
  count(): MachineCount;
  nodes(): readonly PoolNode[];
  starting(): readonly StartingNode[];
  /** Pods without a node; none where pods are not known. */
  pendingPods(): readonly ClusterPod[];
  /** False: the cloud has none. */
  create(offering: OfferingConfig, nowMs: number): boolean;
  drain(nodeName: string, nowMs: number): void;
  cancelDrain(nodeName: string): void;
  cancelStart(requestId: string, nowMs: number): void;
}

/** What a policy may know at one step: samples up to now, and the machines. */
export interface PolicyView {
  readonly nowMs: number;
  /** In the unit of the signal, and in nodes of the template (with the fraction). */
  readonly demand: number;
  readonly demandNodes: number;
  readonly capacityPerNode: number;
  readonly bounds: Bounds;
  /** With the prices of now. */
  readonly pool: PoolConfig;
  readonly machines: Machinery;
}

export interface Decision {
  readonly actions: readonly Action[];
  readonly desired: number;
}

export interface Policy {
  /** Called once for each step, and again within the step after creations have failed. */
  decide(view: PolicyView): Decision;
  onCreateFailure(offering: OfferingConfig, nowMs: number): void;
}

export const POLICY_NAMES = [
  'forescale',
  'reactive',
  'target',
  'holt-winters',
  'schedule',
  'static',
  'oracle',
] as const;

export type PolicyName = (typeof POLICY_NAMES)[number];

/** Settings that a comparison sweeps; each policy reads its own. */
export interface PolicyKnobs {
  /** `reactive`: demand is taken for so much more, -0.1 to 3. */
  readonly headroom: number;
  /**
   * `reactive`: nodes leave only while demand over Ready capacity is below this. 1 by default: spare nodes are taken
   * to be empty, which favours the baseline; 0.5 is Cluster Autoscaler where the load is spread over all nodes.
   */
  readonly utilisationBelow: number;
  /** `target`: demand over capacity that it aims at. */
  readonly targetUtilisation: number;
  /** `holt-winters`: the larger of observed and forecast demand is taken for so much more. */
  readonly margin: number;
  /** `schedule`: quantile of the history of the same time of the week (of the day, with less than 2 weeks). */
  readonly scheduleQuantile: number;
  /** `static`: quantile of the history that it is sized for. */
  readonly staticQuantile: number;
}

export const DEFAULT_KNOBS: PolicyKnobs = {
  headroom: 0,
  utilisationBelow: 1,
  targetUtilisation: 0.7,
  margin: 0.1,
  scheduleQuantile: 0.95,
  staticQuantile: 1,
};
