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
      redact: ['*.password', '*.token', 'password', 'token'],
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** For tests and for commands that report in words of their own. */
export function silentLog(): Log {
  return pino({ level: 'silent' });
}
