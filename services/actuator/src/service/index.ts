export { type Actuator, startActuator } from './actuator.ts';
export { Capacities } from './capacities.ts';
export { Forecasts } from './forecasts.ts';
export type { ActuatorParts } from './parts.ts';
export { belongs } from './pool-state.ts';
export { CallBook } from './provider-calls.ts';
export { type Reading, Readings } from './readings.ts';
export { buysFromGroups, isSteered, otherWriters } from './single-writer.ts';
export type { ActuatorView, PoolView } from './view.ts';
