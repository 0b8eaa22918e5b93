export { describePlan } from './describe.ts';
export { whyUnusable } from './forecast-check.ts';
export { demandMaxUntil, newsvendorLevel } from './forecast-demand.ts';
export { type KeptCapacity, keepCapacity } from './keep-capacity.ts';
export { type CapacitySample, learnCapacity } from './learn-capacity.ts';
export {
  EMPTY_MEMORY,
  type PlanMemory,
  planMemorySchema,
  REFUSED_MARK_MS,
  withFailure,
  withFailures,
} from './memory.ts';
export type { IntegerProgram, MixSolver } from './mix.ts';
export { newNodeRoom } from './new-node.ts';
export {
  buy,
  cheapestOffering,
  offeringId,
  offeringsOf,
  rankedUsdPerHour,
  spotNodesMax,
  startShopping,
  unitsOf,
} from './offerings.ts';
export { plan } from './plan.ts';
export { type PriceBasis, priceBasis, priceOf, priceWords } from './price-basis.ts';
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
  LearnedCapacity,
  MeasuredLead,
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
export { type KeepFacts, whyKept, whyNotRepaired, whyPodStays } from './why-kept.ts';
