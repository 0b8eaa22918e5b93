export { type Audit, type AuditEntry, createAudit } from './audit.ts';
export { type Instruments, silentInstruments } from './instruments.ts';
export { createLog, type Log, silentLog } from './log.ts';
export {
  activeTraceparent,
  asPartOf,
  asTraceparent,
  inSpan,
  type OpenSpan,
  openSpan,
  outsideOfTraces,
  type PastSpan,
  recordSpan,
  type SpanOptions,
  TRACEPARENT,
  type Traceparent,
} from './spans.ts';
export { startTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';
