import { crc32 } from 'node:zlib';
import type { Sample, SampleFlag } from '@forescale/shared/domain';

/** Samples series by series: names once, then time and value in turn. Some 20 bytes a sample of a busy series. */
type Series = [pool: string, signal: string, source: string, timesAndValues: number[], flags?: Flags];
type Body = Series[];
/** Few samples have any: those by their place in the series. */
type Flags = Record<number, readonly SampleFlag[]>;

export interface EncodedBatch {
  readonly text: string;
  /** A disk may give back something other than it was given. */
  readonly crc: number;
}

/** The order within a series is kept, that between series is not. */
export function encodeBatch(samples: readonly Sample[]): EncodedBatch {
  const series = new Map<string, Series>();
  for (const { pool, signal, source, timeMs, value, flags } of samples) {
    const key = `${pool}\n${signal}\n${source}`;
    let entry = series.get(key);
    if (entry === undefined) {
      entry = [pool, signal, source, []];
      series.set(key, entry);
    }
    if (flags !== undefined) {
      entry[4] ??= {};
      entry[4][entry[3].length / 2] = flags;
    }
    entry[3].push(timeMs, value);
  }
  const text = JSON.stringify([...series.values()] satisfies Body);
  return { text, crc: crc32(text) };
}

/** Null when this is not what `encodeBatch` gave. */
export function decodeBatch({ text, crc }: EncodedBatch): Sample[] | null {
  if (crc32(text) !== crc) return null;
  const samples: Sample[] = [];
  for (const [pool, signal, source, numbers, flags] of JSON.parse(text) as Body)
    for (let i = 0; i < numbers.length; i += 2) {
      const sample = { pool, signal, source, timeMs: numbers[i] as number, value: numbers[i + 1] as number };
      const noticed = flags?.[i / 2];
      samples.push(noticed === undefined ? sample : { ...sample, flags: noticed });
    }
  return samples;
}
