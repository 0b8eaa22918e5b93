import { isSpanContextValid, trace } from '@opentelemetry/api';
import { type Logger, pino } from 'pino';

/** Structured logs: JSON lines on stderr, so that stdout stays free for results. */
export type Log = Logger;

export function createLog(service: string, level: string): Log {
  return pino(
    {
      name: service,
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: placeInTrace,
      redact: ['*.password', '*.token', 'password', 'token'],
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** A line that is written while a span is at work names it. */
function placeInTrace(): { readonly trace_id?: string; readonly span_id?: string } {
  const place = trace.getActiveSpan()?.spanContext();
  return place && isSpanContextValid(place) ? { trace_id: place.traceId, span_id: place.spanId } : {};
}

/** For tests and for commands that report in words of their own. */
export function silentLog(): Log {
  return pino({ level: 'silent' });
}
