export { type Instruments, silentInstruments } from './instruments.ts';
export { createLog, type Log, silentLog } from './log.ts';
export { startTelemetry, type Telemetry } from './metrics.ts';
