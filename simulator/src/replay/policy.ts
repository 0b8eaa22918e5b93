import type { Action } from '@forescale/actuator/plan';
import type { Bounds, OfferingConfig } from '@forescale/shared/config';
import type { Machines } from './machines.ts';

/** What a policy may know at one step: samples up to now, and the machines. */
export interface PolicyView {
  readonly nowMs: number;
  /** In the unit of the signal, and in nodes of the template (with the fraction). */
  readonly demand: number;
  readonly demandNodes: number;
  readonly bounds: Bounds;
  readonly machines: Machines;
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

export const POLICY_NAMES = ['forescale', 'reactive', 'target', 'schedule', 'static', 'oracle'] as const;

export type PolicyName = (typeof POLICY_NAMES)[number];

/** Settings that a comparison sweeps; each policy reads its own. */
export interface PolicyKnobs {
  /** `reactive`: demand is taken for so much more, -0.1 to 3. */
  readonly headroom: number;
  /** `target`: demand over capacity that it aims at. */
  readonly targetUtilisation: number;
  /** `schedule`: quantile of the history of the same time of the week (of the day, with less than 2 weeks). */
  readonly scheduleQuantile: number;
  /** `static`: quantile of the history that it is sized for. */
  readonly staticQuantile: number;
}

export const DEFAULT_KNOBS: PolicyKnobs = {
  headroom: 0,
  targetUtilisation: 0.7,
  scheduleQuantile: 0.95,
  staticQuantile: 1,
};
