import type { PolicyName } from '@forescale/simulator/replay';
import type { TrialResult } from '@forescale/simulator/trial';
import type { ShapeName } from '@forescale/simulator/workload';

/** One policy on one shape of load. */
export interface Trial {
  readonly shape: ShapeName;
  readonly policy: Exclude<PolicyName, 'oracle'>;
  readonly hours: number;
  readonly seed: number;
}

export type TrialAnswer = TrialResult & Trial;
