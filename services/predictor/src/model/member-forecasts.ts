import { PLAIN_CALENDAR } from '@forescale/shared/domain';
import type { Grid } from './grid.ts';
import { LADDER, type MemberName } from './ladder.ts';
import type { MemberSpec } from './member.ts';
import { createLadder } from './shape.ts';
import { shapeOf } from './training-series.ts';

/**
 * The quantiles of the next `horizon` cells at the ascending `levels`: `result[step][level]`. The history may have gaps
 * (NaN); an empty one forecasts zeros.
 */
export type ForecastHistory = (history: Grid, horizon: number, levels: readonly number[]) => number[][];

/** Each member alone, calibrated on its own past errors. */
export const memberForecasts = Object.fromEntries(LADDER.map((rung) => [rung.name, forecastWith([rung])])) as Readonly<
  Record<MemberName, ForecastHistory>
>;

/** All members that need no training, combined. */
export const combinedForecast: ForecastHistory = forecastWith(LADDER);

function forecastWith(rungs: readonly MemberSpec[]): ForecastHistory {
  return ({ startMs, stepMs, values }, horizon, levels) => {
    const cells = { stepMs, firstCell: Math.round(startMs / stepMs), means: values, latest: values };
    const ensemble = createLadder(shapeOf({ cells, horizon, calendar: PLAIN_CALENDAR }), rungs);
    for (const value of values) ensemble.push(value);
    return Array.from({ length: horizon }, (_, step) => ensemble.quantiles(step + 1, levels));
  };
}
