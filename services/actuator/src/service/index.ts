export { type Actuator, startActuator } from './actuator.ts';
export { Capacities } from './capacities.ts';
export type { ActuatorParts } from './parts.ts';
export { CallBook } from './provider-calls.ts';
export type { ActuatorView, PoolView } from './view.ts';
