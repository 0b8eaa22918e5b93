import type { Log } from '@forescale/shared/telemetry';
import { pino } from 'pino';
import { clockOf } from './words.ts';

/** What a process logs, as lines with the time of the simulated day. */
export function verboseLog(name: string, nowMs: () => number, write: (line: string) => void): Log {
  const stream = {
    write(line: string) {
      const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } };
      write(`${clockOf(nowMs())} ${name}: ${[msg, err?.message].filter((part) => part !== undefined).join(': ')}`);
    },
  };
  return pino({ level: 'info', base: null }, stream);
}
