import type { Sample } from '../domain/index.ts';
import { rfc3339 } from './events.ts';
import { encodeSample } from './kpi.ts';
import { subjects } from './subjects.ts';

interface EncodedSample {
  readonly subject: string;
  readonly data: Uint8Array;
}

/** What is the same in all messages of a series: the text around its time and value. */
interface Series {
  readonly subject: string;
  readonly head: string;
  readonly names: string;
}

const SERIES_MAX = 10_000;
const DAY_MS = 86_400_000;
const TWO = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));

/**
 * Encodes what `encodeSample` does, byte for byte, for whoever has a hundred thousand of them a second: the names of a
 * series are made into JSON once, and a day into text once. Not for sharing between writers of different series.
 */
export function createSampleEncoder(): (samples: readonly Sample[]) => EncodedSample[] {
  const known = new Map<string, Series>();
  let last: Sample | undefined;
  let lastSeries: Series | undefined;
  let dayMs = Number.NaN;
  let day = '';

  function seriesOf(sample: Sample): Series {
    const { pool, signal, source } = sample;
    const before = last;
    last = sample;
    // Samples of a series often come in a row.
    if (pool === before?.pool && signal === before.signal && source === before.source && lastSeries) return lastSeries;
    lastSeries = lookUp(pool, signal, source);
    return lastSeries;
  }

  function lookUp(pool: string, signal: string, source: string): Series {
    const key = `${pool} ${signal} ${source}`;
    const series = known.get(key);
    if (series !== undefined) return series;
    if (known.size >= SERIES_MAX) known.clear();
    const [id, names] = [JSON.stringify(`${pool}.${signal}.${source}.`), JSON.stringify({ pool, signal, source })];
    const made = {
      subject: subjects.sample(pool, signal),
      head: `{"specversion":"1.0","id":${id.slice(0, -1)}`,
      names: names.slice(0, -1),
    };
    known.set(key, made);
    return made;
  }

  function timeText(timeMs: number): string {
    const startMs = Math.floor(timeMs / DAY_MS) * DAY_MS;
    if (startMs !== dayMs) {
      dayMs = startMs;
      day = rfc3339(startMs).slice(0, -'00:00:00.000Z'.length);
    }
    const ms = timeMs - startMs;
    const [hour, minute, second] = [
      Math.floor(ms / 3_600_000),
      Math.floor(ms / 60_000) % 60,
      Math.floor(ms / 1_000) % 60,
    ];
    return `${day}${TWO[hour]}:${TWO[minute]}:${TWO[second]}.${String(ms % 1_000).padStart(3, '0')}Z`;
  }

  function textOf(sample: Sample, { head, names }: Series): string {
    const { timeMs, value, flags } = sample;
    const time = timeText(timeMs);
    // After an outage all that waited has one.
    const noticed = flags === undefined ? '' : `,"flags":["${flags.join('","')}"]`;
    return `${head}${timeMs}","source":"/forescale/collector","type":"dev.forescale.sample.v1","time":"${time}","datacontenttype":"application/json","data":${names},"time":"${time}","value":${value}${noticed}}}`;
  }

  function inOne(samples: readonly Sample[]): EncodedSample[] {
    const series = samples.map(seriesOf);
    const texts = samples.map((sample, index) => textOf(sample, series[index] as Series));
    const all = texts.join('');
    const bytes = Buffer.from(all);
    const isAscii = bytes.byteLength === all.length;
    let at = 0;
    return texts.map((text, index) => {
      const data = isAscii ? bytes.subarray(at, at + text.length) : Buffer.from(text);
      at += text.length;
      return { subject: (series[index] as Series).subject, data };
    });
  }

  return (samples) => {
    if (samples.every(({ timeMs, value }) => Number.isSafeInteger(timeMs) && Number.isFinite(value)))
      return inOne(samples);
    // Rare, and not worth a second way of writing them.
    return samples.map((one) => ({ subject: subjects.sample(one.pool, one.signal), data: encodeSample(one) }));
  };
}
