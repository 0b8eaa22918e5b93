import type { Calendar } from '@forescale/shared/domain';
import { type Span, Spans } from './spans.ts';

/** An occurrence of an event, in epoch-aligned cells. */
export interface CellEvent {
  readonly name: string;
  readonly from: number;
  readonly until: number;
  readonly expectedFactor: number | null;
}

const NO_HOLIDAY = -1;

/** A calendar on the grid of a series: all of it by epoch-aligned number of the cell. */
export class CellCalendar {
  readonly hasHolidays: boolean;
  readonly hasEvents: boolean;
  private readonly offsets: Spans<number>;
  private readonly holidays: Spans<number>;
  private readonly events: Spans<CellEvent | null>;

  constructor(calendar: Calendar, stepMs: number) {
    const cellAt = (timeMs: number) => Math.round(timeMs / stepMs);
    this.hasHolidays = calendar.holidays.length > 0;
    this.hasEvents = calendar.events.length > 0;
    const offsets = calendar.offsets.map(({ fromMs, offsetMs }, i) => ({
      from: cellAt(fromMs),
      until: cellAt(calendar.offsets[i + 1]?.fromMs ?? Number.POSITIVE_INFINITY),
      value: cellAt(offsetMs),
    }));
    this.offsets = new Spans(offsets, 0);
    const holidays = calendar.holidays.map(({ fromMs, untilMs, like }) => ({
      from: cellAt(fromMs),
      until: cellAt(untilMs),
      value: like,
    }));
    this.holidays = new Spans(holidays, NO_HOLIDAY);
    const events = calendar.events.flatMap(({ name, fromMs, untilMs, expectedFactor }): Span<CellEvent>[] => {
      // An event shorter than a cell is in the cell that it begins in.
      const from = Math.floor(fromMs / stepMs);
      const until = Math.max(from + 1, cellAt(untilMs));
      return [{ from, until, value: { name, from, until, expectedFactor } }];
    });
    this.events = new Spans<CellEvent | null>(events, null);
  }

  /** The number that the cell would have if the wall clock had always stood where it stands then. */
  localCell(cell: number): number {
    return cell + this.offsets.at(cell);
  }

  /** The day of the week (0 = Sunday) that the cell's day passes like; -1 on a day like itself. */
  likeAt(cell: number): number {
    return this.holidays.at(cell);
  }

  eventAt(cell: number): CellEvent | null {
    return this.events.at(cell);
  }
}
