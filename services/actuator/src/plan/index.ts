export { describePlan } from './describe.ts';
export { newsvendorLevel } from './forecast-demand.ts';
export { EMPTY_MEMORY, type PlanMemory, planMemorySchema, withFailure } from './memory.ts';
export { cheapestOffering, offeringId, offeringsOf, type Shopping, spotNodesMax, unitsOf } from './offerings.ts';
export { plan } from './plan.ts';
export {
  type Peak,
  type ShadowOptions,
  type ShadowState,
  shadowNodes,
  startShadow,
  stepReactive,
  stepShadow,
} from './shadow.ts';
export type {
  Action,
  Need,
  NodePhase,
  Plan,
  PlanReport,
  PlanState,
  PoolNode,
  Reason,
  RejectedForecast,
  SignalReading,
  StartingNode,
} from './types.ts';
export { type KeepFacts, whyKept } from './why-kept.ts';
