import type { Series } from '@forescale/shared/domain';
import { type Random, seededRandom } from '@forescale/shared/time';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SAMPLES_MAX = 10_000_000;

/**
 * A load with days and weeks in it. At time t it is
 *
 *     base x trend(t) x day(t) x week(t) x (1 + noise(t)) + bursts(t), never below 0.
 */
export interface LoadShape {
  readonly seed: number;
  readonly startMs: number;
  readonly days: number;
  /** 60 s when absent. */
  readonly stepMs?: number;
  /** The mean of a weekday at the start. 100 when absent. */
  readonly base?: number;
  /** How far the day swings around its mean, as a share of it: 0.6 (the default) goes from 0.4 to about 1.6. */
  readonly dailyAmplitude?: number;
  /** Hour of the day (UTC) with most load, 14 when absent; a smaller second hump follows in the evening. */
  readonly peakHour?: number;
  /** Load of Saturday and Sunday over that of a weekday, 0.6 when absent; it changes over 4 h around midnight. */
  readonly weekendFactor?: number;
  /** Growth per week, as a share of the base, 0.02 when absent. */
  readonly trendPerWeek?: number;
  /** Standard deviation of the noise as a share of the load, 0.04 when absent: an AR(1) process … */
  readonly noiseShare?: number;
  /** … whose correlation falls to 1/e after this long, 10 min when absent. */
  readonly noiseCorrelationMs?: number;
  /** How many bursts begin in a day, on average, 1 when absent; when is chance alone. */
  readonly burstsPerDay?: number;
  /** Mean height of a burst as a share of the base, 0.4 when absent (exponential). */
  readonly burstShare?: number;
  /** A burst is there within 3 min and falls to 1/e after this long, 20 min when absent. */
  readonly burstDecayMs?: number;
}

/** Samples at startMs, startMs + stepMs, … for the given days. The same seed gives the same load. */
export function generateLoad(shape: LoadShape): Series {
  const { seed, startMs, days, stepMs = 60_000, base = 100 } = shape;
  const count = Math.floor((days * DAY_MS) / stepMs);
  if (!(stepMs > 0) || !(count >= 0 && count <= SAMPLES_MAX)) {
    throw new RangeError(`generateLoad: ${days} days of ${stepMs} ms steps; allowed: up to ${SAMPLES_MAX} samples`);
  }
  // Streams of their own: more bursts do not change the noise.
  const noise = arNoise(seededRandom(seed), stepMs, shape);
  const bursts = burstTrain(seededRandom(seed ^ 0x5bd1e995), stepMs, shape);
  const timesMs = new Float64Array(count);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const timeMs = startMs + i * stepMs;
    const expected = base * trend(timeMs - startMs, shape) * dayShape(timeMs, shape) * weekShape(timeMs, shape);
    timesMs[i] = timeMs;
    values[i] = Math.max(0, expected * (1 + noise()) + base * bursts());
  }
  return { timesMs, values };
}

function trend(sinceMs: number, { trendPerWeek = 0.02 }: LoadShape): number {
  return Math.max(0, 1 + (trendPerWeek * sinceMs) / (7 * DAY_MS));
}

/** Two harmonics with mean 0, so that the day's mean is the base: one hump at the peak, a smaller one in the evening. */
function dayShape(timeMs: number, { dailyAmplitude = 0.6, peakHour = 14 }: LoadShape): number {
  const phase = (2 * Math.PI * (timeMs - peakHour * HOUR_MS)) / DAY_MS;
  return Math.max(0, 1 + dailyAmplitude * (0.85 * Math.cos(phase) + 0.25 * Math.cos(2 * phase - 1)));
}

/** 1 on weekdays, `weekendFactor` on Saturday and Sunday (UTC), a straight line from 2 h before to 2 h after midnight. */
function weekShape(timeMs: number, { weekendFactor = 0.6 }: LoadShape): number {
  const early = isWeekend(timeMs - 2 * HOUR_MS) ? weekendFactor : 1;
  const late = isWeekend(timeMs + 2 * HOUR_MS) ? weekendFactor : 1;
  const sinceMidnightMs = modulo(timeMs + 2 * HOUR_MS, DAY_MS);
  const share = early === late ? 1 : sinceMidnightMs / (4 * HOUR_MS);
  return early + (late - early) * share;
}

/** 1970-01-01 was a Thursday. */
function isWeekend(timeMs: number): boolean {
  return modulo(Math.floor(timeMs / DAY_MS) + 5, 7) < 2;
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

/** x(i) = phi x(i-1) + e with phi = exp(-step / correlation), and e such that x keeps its standard deviation. */
export function arNoise(
  random: Random,
  stepMs: number,
  { noiseShare = 0.04, noiseCorrelationMs = 600_000 }: Pick<LoadShape, 'noiseShare' | 'noiseCorrelationMs'>,
): () => number {
  const phi = Math.exp(-stepMs / noiseCorrelationMs);
  const innovation = noiseShare * Math.sqrt(1 - phi * phi);
  let value = noiseShare * random.normal();
  return () => {
    const now = value;
    value = phi * value + innovation * random.normal();
    return now;
  };
}

const BURST_RISE_MS = 60_000;

/** A sum of bursts: what begins feeds a level that the load follows within a few minutes, and that decays. */
function burstTrain(
  random: Random,
  stepMs: number,
  { burstsPerDay = 1, burstShare = 0.4, burstDecayMs = 1_200_000 }: LoadShape,
): () => number {
  const chance = 1 - Math.exp((-burstsPerDay * stepMs) / DAY_MS);
  const decay = Math.exp(-stepMs / burstDecayMs);
  const follow = 1 - Math.exp(-stepMs / BURST_RISE_MS);
  let level = 0;
  let shown = 0;
  return () => {
    const begins = random.next() < chance;
    const height = random.exponential(burstShare);
    level = level * decay + (begins ? height : 0);
    shown += (level - shown) * follow;
    return shown;
  };
}
