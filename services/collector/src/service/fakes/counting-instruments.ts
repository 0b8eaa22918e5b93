import { type Instruments, silentInstruments } from '@forescale/shared/telemetry';

/** Instruments whose counts of samples can be read, by name and reason: `dropped: backlog full`. */
export function countingInstruments(): { readonly instruments: Instruments; readonly counts: Map<string, number> } {
  const counts = new Map<string, number>();
  const counter = (name: string) => ({
    add(value: number, attributes: { readonly reason?: unknown } = {}) {
      const key = attributes.reason === undefined ? name : `${name}: ${attributes.reason}`;
      counts.set(key, (counts.get(key) ?? 0) + value);
    },
  });
  const instruments = {
    ...silentInstruments(),
    samplesWritten: counter('written'),
    samplesSpooled: counter('spooled'),
    samplesDropped: counter('dropped'),
    samplesFlagged: counter('flagged'),
  };
  return { instruments, counts };
}
