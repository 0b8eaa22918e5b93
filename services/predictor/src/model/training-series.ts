import type { Calendar } from '@forescale/shared/domain';
import { CellCalendar } from './cell-calendar.ts';
import type { Cells } from './cells.ts';
import { EventMemory } from './event-memory.ts';
import { typicalOffset } from './log-offset.ts';
import type { ShapeOptions } from './shape.ts';

/** What there is to learn from of one series. */
export interface TrainingSeries {
  readonly cells: Cells;
  /** Cells ahead to learn to forecast. */
  readonly horizon: number;
  readonly calendar: Calendar;
}

/** The shape of a series that is gone through from its first cell, with nothing known of earlier events. */
export function shapeOf({ cells, horizon, calendar }: TrainingSeries): ShapeOptions {
  const { stepMs, firstCell } = cells;
  return {
    stepMs,
    firstCell,
    horizon,
    logOffset: typicalOffset(cells.means),
    calendar: new CellCalendar(calendar, stepMs),
    events: new EventMemory(),
  };
}
