export { CAPABILITIES, type Capability, type NotApplicable } from './capabilities.ts';
export type { DryRunStep } from './dry-run.ts';
export { dryRun } from './dry-runs.ts';
export { type ErrorClass, ProviderError } from './errors.ts';
export type {
  CreateResult,
  Held,
  HoldRequest,
  Interruption,
  Machine,
  MachineGroups,
  MachineProvider,
  MachineRequest,
  Place,
  PlaceholderSize,
  Placeholders,
} from './port.ts';
export { accountOf, openProvider, type ProviderParts } from './registry.ts';
