import { FORECAST_LEVELS, MAX_LEAD_MINUTES, type Series, upperBound } from '@forescale/shared/domain';
import { gridOf, usualStepMs } from '../model/grid.ts';
import type { Networks } from '../model/network.ts';
import { OnlineForecaster } from '../model/online-forecaster.ts';
import { TRAIN_OPTIONS } from '../model/trained-model.ts';
import { originsOf, testStart } from './origins.ts';
import { QuantileTally } from './quantile-tally.ts';

const MINUTE_MS = 60_000;
/** From here on a series is too coarse for a maximum within minutes to mean anything. */
const COARSE_STEP_MS = 5 * MINUTE_MS;
/** The leads that are scored, in minutes: about one, two and several times what a node takes to boot. */
const SCORED_MINUTES = [3, 10, 30] as const;
const LONGEST_MINUTES = Math.max(...SCORED_MINUTES);
const MOMENTS = 600;
/** What is streamed before the test part: as much as a forecaster keeps. */
const HISTORY_MS = 28 * 24 * 60 * MINUTE_MS;
const PRESENT_MIN = 0.9;

/** How good the quantiles of the maximum over (issued, issued + lead] were. */
export interface MaximumScore {
  /** How many forecasts were compared. */
  readonly moments: number;
  /** Share of maxima at or below the quantile of each published level. */
  readonly coverage: Readonly<Record<string, number>>;
  /** 2 x pinball loss, averaged over levels and moments, in the unit of the series. */
  readonly pinball: number;
  /** The same over the mean size of the maxima. */
  readonly relative: number;
}

/** By lead in minutes, as text: `{"3": {..}, "10": {..}, "30": {..}}`. */
export type MaximaScores = Readonly<Record<string, MaximumScore>>;

/** One comparison: the published quantiles of a maximum, level by level, and the maximum that came. */
export interface Maximum {
  readonly issuedMs: number;
  readonly minutes: number;
  readonly quantiles: readonly number[];
  readonly highest: number;
}

/** Scores them lead by lead. Empty for a series of 5 min and coarser, and where no moment has its window measured. */
export async function scoreMaxima(
  series: Series,
  testFraction: number,
  networks: Networks | null,
  onProgress: (share: number) => void,
): Promise<MaximaScores> {
  const tallies = new Map(SCORED_MINUTES.map((minutes) => [String(minutes), new QuantileTally(FORECAST_LEVELS)]));
  const compare = ({ minutes, highest, quantiles }: Maximum) => tallies.get(String(minutes))?.add(highest, quantiles);
  await maximaAfter(series, testFraction, networks, compare, onProgress);
  const judged = [...tallies].filter(([, { count }]) => count > 0);
  return Object.fromEntries(judged.map(([minutes, tally]) => [minutes, scoreOf(tally)]));
}

/**
 * Forecasts maxima as planning gets them: the raw samples stream, once, through a forecaster that is trained on those
 * before the test part, and at many moments of the test part, each right after a sample, it is asked. What comes later
 * is not known to it.
 */
export async function maximaAfter(
  series: Series,
  testFraction: number,
  networks: Networks | null,
  onMaximum: (maximum: Maximum) => void,
  onProgress: (share: number) => void,
): Promise<void> {
  const rawStepMs = usualStepMs(series);
  if (rawStepMs === 0 || rawStepMs >= COARSE_STEP_MS) return;
  const { testStartMs, momentsMs } = momentsOf(series, rawStepMs, testFraction);
  const forecaster = new OnlineForecaster({ rawStepMs, steps: null });
  let next = upperBound(series.timesMs, testStartMs - HISTORY_MS);
  const streamUntil = (untilMs: number) => {
    for (; next < series.timesMs.length && (series.timesMs[next] as number) <= untilMs; next++) {
      forecaster.observe(series.timesMs[next] as number, series.values[next] as number);
    }
  };
  streamUntil(testStartMs - 1);
  await forecaster.train(networks, TRAIN_OPTIONS, (done, of) => onProgress((0.5 * done) / of));
  for (const [i, issuedMs] of momentsMs.entries()) {
    streamUntil(issuedMs);
    const forecast = forecaster.forecast(issuedMs);
    for (const minutes of forecast ? SCORED_MINUTES : []) {
      const highest = highestAfter(series, issuedMs, minutes * MINUTE_MS, rawStepMs);
      const lead = MAX_LEAD_MINUTES.indexOf(minutes);
      const quantiles = forecast?.maxQuantiles.map((leads) => leads[lead] as number) ?? [];
      if (highest !== null) onMaximum({ issuedMs, minutes, quantiles, highest });
    }
    onProgress(0.5 + (0.5 * (i + 1)) / momentsMs.length);
  }
}

function scoreOf(tally: QuantileTally): MaximumScore {
  return {
    moments: tally.count,
    coverage: tally.coverage(),
    pinball: tally.loss / tally.count,
    relative: tally.relative(),
  };
}

/** Times of the last samples before evenly spread cells, placed as the origins of a backtest are. */
function momentsOf(series: Series, rawStepMs: number, testFraction: number) {
  const stepMs = Math.max(MINUTE_MS, rawStepMs);
  const grid = gridOf(series, stepMs);
  const horizon = Math.ceil((LONGEST_MINUTES * MINUTE_MS) / stepMs);
  const momentsMs = originsOf(grid.values, horizon, MOMENTS, testFraction).map((cell) => {
    const before = upperBound(series.timesMs, grid.startMs + cell * stepMs - 1) - 1;
    return series.timesMs[before] as number;
  });
  return { testStartMs: grid.startMs + testStart(grid.values.length, testFraction) * stepMs, momentsMs };
}

/** The largest sample in (fromMs, fromMs + leadMs]; null when fewer than 90 % of those that fit in are there. */
function highestAfter(series: Series, fromMs: number, leadMs: number, rawStepMs: number): number | null {
  const first = upperBound(series.timesMs, fromMs);
  const end = upperBound(series.timesMs, fromMs + leadMs);
  const fit = Math.floor(leadMs / rawStepMs);
  if (fit === 0 || end - first < PRESENT_MIN * fit) return null;
  return series.values.subarray(first, end).reduce((highest, value) => Math.max(highest, value));
}
