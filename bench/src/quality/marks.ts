import { Quality } from '@forescale/collector/quality';
import { parseConfig } from '@forescale/shared/config';
import type { Random } from '@forescale/shared/time';

const MINUTE_MS = 60_000;
const { pools } = parseConfig('autoscaler: { pools: [{ name: web, signals: [{ name: load }] }] }', 'bench', {});
/** Nothing is said of a series before it is known a little. */
const FROM = 100;
/** As many values in a row are looked at after a change of level. */
const SETTLED = 30;
/** Of this many at most, so that a series is still itself between them. */
const ADDED_SHARE = 1 / 50;

export interface Marks {
  readonly flagged: number;
  /** Share of what was put in that was marked. */
  readonly hits: Readonly<Record<'spike' | 'tall' | 'drop', number>>;
  /** Share of values right after one that was put in which were marked, and had not been without it. */
  readonly after: number;
  /** Values in a row that were marked more after the level had trebled for good. */
  readonly shifted: number;
}

/** What is marked of a series as it is, and of what is put into it: spikes of 3 and of 10 times its median, drops to 0. */
export function marksOf(values: readonly number[], random: Random): Marks {
  const own = outliersOf(values);
  const median = values.toSorted((a, b) => a - b)[values.length >>> 1] as number;
  const put = (change: (value: number) => number) => putIn(values, own, change, random);
  const [spike, tall, drop] = [put((v) => v + 3 * median), put((v) => v + 10 * median), put(() => 0)];
  const half = values.length >>> 1;
  const trebled = outliersOf(values.map((value, i) => (i < half ? value : 3 * value)));
  const around = (marks: ReadonlySet<number>) => countIn(marks, half, half + SETTLED);
  return {
    flagged: own.size,
    hits: { spike: spike.hits, tall: tall.hits, drop: drop.hits },
    after: (spike.after + tall.after + drop.after) / 3,
    shifted: Math.max(0, around(trebled) - around(own)),
  };
}

/** The places of values that are marked, of one a minute, each of which comes when it is measured. */
export function outliersOf(values: readonly number[]): ReadonlySet<number> {
  const quality = new Quality(pools);
  const marked = new Set<number>();
  for (const [i, value] of values.entries()) {
    const timeMs = i * MINUTE_MS;
    const assessed = quality.assess({ pool: 'web', signal: 'load', source: 'a', timeMs, value }, timeMs);
    if ('flags' in assessed && assessed.flags?.includes('outlier')) marked.add(i);
  }
  return marked;
}

function putIn(
  values: readonly number[],
  own: ReadonlySet<number>,
  change: (value: number) => number,
  random: Random,
): { readonly hits: number; readonly after: number } {
  const spoilt = [...values];
  const places: number[] = [];
  const step = Math.round(1 / ADDED_SHARE);
  for (let from = FROM; from + step < values.length; from += step) {
    const place = from + Math.floor(random.next() * (step - 2));
    spoilt[place] = change(values[place] as number);
    places.push(place);
  }
  const marked = outliersOf(spoilt);
  const shareOf = (isSo: (place: number) => boolean) => places.filter(isSo).length / Math.max(1, places.length);
  return {
    hits: shareOf((place) => marked.has(place)),
    after: shareOf((place) => marked.has(place + 1) && !own.has(place + 1)),
  };
}

function countIn(marks: ReadonlySet<number>, from: number, to: number): number {
  return [...marks].filter((place) => place >= from && place < to).length;
}
