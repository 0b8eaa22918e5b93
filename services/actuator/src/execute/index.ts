export {
  type CallContext,
  type CallLimits,
  type CallsByRegion,
  createProviderCalls,
  OPERATIONS,
  PRICES_REGION,
  type ProviderCalls,
} from './calls.ts';
export type { Failure, NodeEvent, Permission } from './context.ts';
export { Executor, type Order } from './executor.ts';
export { type AskPrices, guardedMachines, type Machines } from './machines.ts';
export { mixedMachines } from './mixed-machines.ts';
export { isQueued, type NodeRecord } from './record.ts';
export { CAPACITY_LABEL } from './request.ts';
export { offeringOf } from './sweep.ts';
