import { type Series, sliceSeries } from '@forescale/shared/domain';
import { formatDuration } from '@forescale/shared/time';
import { UsageError } from '../output/usage.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A demo without any history would be a reactive one; and a replay shorter than this shows nothing. */
const HISTORY_MS_MIN = 3_600_000;
const REPLAY_MS_MIN = 3_600_000;

/** The replayed days peak at about this many nodes: enough to see, few enough to draw. */
const NODES_AT_PEAK = 20;

/** What a demo replays: everything before `startMs` is imported as history, the rest is lived through. */
export interface Scenario {
  readonly name: string;
  readonly history: Series;
  readonly live: Series;
  /** Whole minutes; the live part is (startMs, endMs]. */
  readonly startMs: number;
  readonly endMs: number;
  /** The usual distance of two samples. */
  readonly intervalMs: number;
  /** What one node carries, in the unit of the load. */
  readonly capacityPerNode: number;
}

/** Cuts a series into history and the last `days` to be replayed; at least half of it stays history. */
export function cutScenario(name: string, series: Series, days: number): Scenario {
  const firstMs = series.timesMs[0] as number;
  const lastMs = series.timesMs.at(-1) as number;
  const spanMs = lastMs - firstMs;
  if (spanMs < HISTORY_MS_MIN + REPLAY_MS_MIN) {
    throw new UsageError(
      `${name}: covers ${formatDuration(spanMs)}; allowed: at least ${formatDuration(HISTORY_MS_MIN + REPLAY_MS_MIN)}`,
    );
  }
  const liveMs = Math.min(days * DAY_MS, spanMs / 2);
  const startMs = Math.floor((lastMs - liveMs) / MINUTE_MS) * MINUTE_MS;
  const live = sliceSeries(series, startMs, lastMs);
  return {
    name,
    history: sliceSeries(series, Number.NEGATIVE_INFINITY, startMs),
    live,
    startMs,
    endMs: Math.ceil(lastMs / MINUTE_MS) * MINUTE_MS,
    intervalMs: usualInterval(series),
    capacityPerNode: Math.max(highest(live.values) / NODES_AT_PEAK, 1e-6),
  };
}

/** The median distance of two samples in the first 5,000, at least a second. */
function usualInterval({ timesMs }: Series): number {
  const distances = timesMs.subarray(1, 5_000).map((timeMs, index) => timeMs - (timesMs[index] as number));
  return Math.max(1_000, distances.sort()[distances.length >>> 1] ?? MINUTE_MS);
}

/** The 99.5th percentile: the scale should not hang on one spike. */
function highest(values: Float64Array): number {
  return Float64Array.from(values).sort()[Math.floor(0.995 * (values.length - 1))] ?? 0;
}
