export { CAPABILITIES, type Capability, type NotApplicable } from './capabilities.ts';
export { type ErrorClass, ProviderError } from './errors.ts';
export type {
  CreateResult,
  Interruption,
  Machine,
  MachineGroups,
  MachineProvider,
  MachineRequest,
  Place,
} from './port.ts';
export { openProvider, type ProviderParts } from './registry.ts';
