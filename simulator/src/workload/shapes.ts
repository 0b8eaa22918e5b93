import type { Series } from '@forescale/shared/domain';
import { type Random, seededRandom } from '@forescale/shared/time';
import { arNoise } from './generate-load.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const SAMPLES_MAX = 10_000_000;

/** Where a load is: the time, the live part, and how far through it the time is (below 0 before it). */
interface Moment {
  readonly timeMs: number;
  readonly startMs: number;
  readonly liveFromMs: number;
  readonly liveMs: number;
  readonly share: number;
  /** Times of day at which a spike comes, one for each six hours since the start. */
  readonly spikesMs: readonly number[];
}

/**
 * The loads that an autoscaler is tried with, as multiples of the base, before the noise. What happens once (ramp, flash
 * crowd, launch, outage) happens in the live part, and the history knows nothing of it; all else was always so.
 */
const SHAPES = {
  /** Always 1. */
  steady: () => 1,
  /** 0.4 until the live part, in which it rises in a straight line to 1.6. */
  ramp: ({ share }) => 0.4 + 1.2 * clamp(share),
  /** A day between 0.4 and 1.6, highest at 14:00 UTC; Saturday and Sunday 0.6 of it. */
  'day-week': ({ timeMs }) => day(timeMs) * (isWeekend(timeMs) ? 0.6 : 1),
  /** Every four hours from 0.4 to 1.6 in a straight line, then down at once. */
  sawtooth: ({ timeMs }) => 0.4 + 1.2 * phase(timeMs, 4 * HOUR_MS),
  /** Two hours at 1.5, two at 0.3, by the clock. */
  'on-off': ({ timeMs }) => (phase(timeMs, 4 * HOUR_MS) < 0.5 ? 1.5 : 0.3),
  /** 0.6, and 1.8 for ten minutes once in every six hours, when chance has it. */
  spike: ({ timeMs, spikesMs }) =>
    spikesMs.some((atMs) => timeMs >= atMs && timeMs < atMs + 10 * MINUTE_MS) ? 1.8 : 0.6,
  /** 0.5; after two fifths of the live part it is four times that within five minutes, and falls to 1/e in an hour. */
  'flash-crowd': (now) => 0.5 + 1.5 * burst(sinceMs(now, 0.4), 5 * MINUTE_MS, HOUR_MS),
  /** A day around 0.4; after three tenths of the live part it is four times that within half an hour, and stays. */
  launch: (now) => 0.4 * day(now.timeMs) * (1 + 3 * clamp(sinceMs(now, 0.3) / (30 * MINUTE_MS))),
  /** A day; in the middle of the live part nothing for 45 min, then 1.8 times the day, back to it within half an hour. */
  outage: (now) => {
    const afterMs = sinceMs(now, 0.5) - 45 * MINUTE_MS;
    if (afterMs < -45 * MINUTE_MS) return day(now.timeMs);
    return afterMs < 0 ? 0 : day(now.timeMs) * (1 + 0.8 * (1 - clamp(afterMs / (30 * MINUTE_MS))));
  },
  /** A day that doubles from the start of the history to the end of the live part. */
  drift: ({ timeMs, startMs, liveFromMs, liveMs }) =>
    0.65 * day(timeMs) * (1 + (timeMs - startMs) / (liveFromMs + liveMs - startMs)),
} as const satisfies Record<string, (now: Moment) => number>;

export type ShapeName = keyof typeof SHAPES;
export const SHAPE_NAMES = Object.keys(SHAPES) as readonly ShapeName[];

export interface ShapeOptions {
  readonly shape: ShapeName;
  readonly seed: number;
  /** The live part is [liveFromMs, liveFromMs + liveMs); what is before it is history. */
  readonly startMs: number;
  readonly liveFromMs: number;
  readonly liveMs: number;
  /** 60 s when absent. */
  readonly stepMs?: number;
  /** What 1 stands for; 100 when absent. */
  readonly base?: number;
  /** Standard deviation of the noise as a share of the load, 0.03 when absent; correlated over 10 min. */
  readonly noiseShare?: number;
}

/** Samples at startMs, startMs + stepMs, … until the end of the live part. The same seed gives the same load. */
export function shapedLoad(options: ShapeOptions): Series {
  const { shape, seed, startMs, liveFromMs, liveMs, stepMs = MINUTE_MS, base = 100, noiseShare = 0.03 } = options;
  const count = Math.floor((liveFromMs + liveMs - startMs) / stepMs);
  if (!(stepMs > 0) || !(liveFromMs >= startMs) || !(liveMs > 0) || !(count <= SAMPLES_MAX)) {
    throw new RangeError(`shapedLoad: ${count} samples of ${stepMs} ms; allowed: 1 to ${SAMPLES_MAX}, from startMs on`);
  }
  // Streams of their own: the spikes do not change the noise.
  const noise = arNoise(seededRandom(seed), stepMs, { noiseShare });
  const spikesMs = spikeTimes(seededRandom(seed ^ 0x2545f491), startMs, count * stepMs);
  const at: (now: Moment) => number = SHAPES[shape];
  const timesMs = Float64Array.from({ length: count }, (_, i) => startMs + i * stepMs);
  const values = timesMs.map((timeMs) => {
    const share = (timeMs - liveFromMs) / liveMs;
    return Math.max(0, base * at({ timeMs, startMs, liveFromMs, liveMs, share, spikesMs }) * (1 + noise()));
  });
  return { timesMs, values };
}

function spikeTimes(random: Random, startMs: number, spanMs: number): number[] {
  const periods = Math.ceil(spanMs / (6 * HOUR_MS));
  return Array.from({ length: periods }, (_, i) => startMs + (i + 0.95 * random.next()) * 6 * HOUR_MS);
}

/** Time since a share of the live part has passed; negative before. */
function sinceMs({ timeMs, liveFromMs, liveMs }: Moment, share: number): number {
  return timeMs - liveFromMs - share * liveMs;
}

/** 0 before, 1 after the rise, then falling to 1/e within the decay. */
function burst(afterMs: number, riseMs: number, decayMs: number): number {
  if (afterMs < 0) return 0;
  return afterMs < riseMs ? afterMs / riseMs : Math.exp(-(afterMs - riseMs) / decayMs);
}

function day(timeMs: number): number {
  return 1 + 0.6 * Math.cos((2 * Math.PI * (timeMs - 14 * HOUR_MS)) / DAY_MS);
}

/** 1970-01-01 was a Thursday. */
function isWeekend(timeMs: number): boolean {
  return (Math.floor(timeMs / DAY_MS) + 5) % 7 < 2;
}

function phase(timeMs: number, periodMs: number): number {
  return (timeMs % periodMs) / periodMs;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
