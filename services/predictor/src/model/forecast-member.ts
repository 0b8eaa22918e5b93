import { PLAIN_CALENDAR } from '@forescale/shared/domain';
import { CellCalendar } from './cell-calendar.ts';
import { EventMemory } from './event-memory.ts';
import type { Grid } from './grid.ts';
import { typicalOffset } from './log-offset.ts';
import { createLadder, type MemberName } from './shape.ts';

/**
 * The quantiles of the next `horizon` cells by the named members (one alone, or several combined), calibrated on their
 * own past errors: `result[step][level]`. The history may have gaps (NaN); an empty one forecasts zeros.
 */
export function forecast(
  names: readonly MemberName[],
  history: Grid,
  horizon: number,
  levels: readonly number[],
): number[][] {
  const firstCell = Math.round(history.startMs / history.stepMs);
  const logOffset = typicalOffset(history.values);
  const calendar = new CellCalendar(PLAIN_CALENDAR, history.stepMs);
  const events = new EventMemory();
  const ensemble = createLadder({ stepMs: history.stepMs, firstCell, horizon, logOffset, calendar, events }, names);
  for (const value of history.values) ensemble.push(value);
  return Array.from({ length: horizon }, (_, step) => ensemble.quantiles(step + 1, levels));
}
