export { type ErrorClass, ProviderError } from './errors.ts';
export type { CreateResult, Interruption, Machine, MachineProvider, MachineRequest, Place } from './port.ts';
export { openProvider } from './registry.ts';
