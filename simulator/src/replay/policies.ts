import type { MixSolver } from '@forescale/actuator/plan';
import type { SignalConfig } from '@forescale/shared/config';
import type { Forecast } from '@forescale/shared/domain';
import { holtWintersPolicy, reactivePolicy, schedulePolicy, staticPolicy, targetPolicy } from './baselines.ts';
import type { Demand } from './demand.ts';
import { ReplayError } from './errors.ts';
import { forescalePolicy } from './forescale-policy.ts';
import { DEFAULT_KNOBS, type Policy, type PolicyKnobs, type PolicyName } from './policy.ts';

/** What policies are made from; each takes what it needs. */
export interface PolicyParts {
  readonly signal: SignalConfig;
  readonly demand: Demand;
  readonly capacityPerNode: number;
  /** First step of which no policy may know anything when it is made. */
  readonly scoredFrom: number;
  /** First step at which the policy is asked. */
  readonly firstStep: number;
  readonly leadTimeMs: number;
  readonly knobs: Partial<PolicyKnobs>;
  readonly forecastAt: (nowMs: number) => Forecast | null;
  /** For `forescale`; machines are chosen one by one where absent. */
  readonly solve?: MixSolver | null;
}

/** The oracle is none of them: it decides nothing, it knows. */
export function createPolicy(name: PolicyName, parts: PolicyParts): Policy {
  const { signal, demand, capacityPerNode, scoredFrom, firstStep, leadTimeMs, forecastAt } = parts;
  const knobs = { ...DEFAULT_KNOBS, ...parts.knobs };
  const history = { demand, until: scoredFrom, capacityPerNode };
  switch (name) {
    case 'forescale':
      return forescalePolicy({ signal, stepMs: demand.stepMs, leadTimeMs, forecastAt, solve: parts.solve ?? null });
    case 'reactive':
      return reactivePolicy(knobs);
    case 'target':
      return targetPolicy(knobs);
    case 'holt-winters':
      return holtWintersPolicy(knobs, { ...history, until: firstStep }, leadTimeMs);
    case 'schedule':
      return schedulePolicy(knobs, history, leadTimeMs);
    case 'static':
      return staticPolicy(knobs, history);
    case 'oracle':
      throw new ReplayError('oracle decides nothing: it knows');
  }
}
