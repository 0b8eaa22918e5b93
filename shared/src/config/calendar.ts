import { Temporal } from 'temporal-polyfill';
import type { Calendar, EventSpan } from '../domain/index.ts';
import type { CalendarConfig } from './calendar-schema.ts';
import { publicHolidays } from './holidays.ts';
import { zoneOffsets } from './zone.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A calendar reaches this far: beyond what a process lives, and a year of holidays takes time to work out. */
const YEARS = 8;
/** Repetitions of an event from the first one on: 20 years of weeks. */
const OCCURRENCES_MAX = 1_040;

/** The zone and the days of a pool's forecasts, worked out from the year of `fromMs` on for eight years. */
export function calendarOf(config: CalendarConfig, timezone: string, fromMs: number): Calendar {
  const firstYear = Temporal.Instant.fromEpochMilliseconds(Math.floor(fromMs)).toZonedDateTimeISO(timezone).year;
  const yearMs = (year: number) => instantMs(timezone, Date.UTC(year, 0, 1));
  return {
    offsets: zoneOffsets(timezone, yearMs(firstYear), yearMs(firstYear + YEARS)),
    holidays: holidaysOf(config.holidays, timezone, firstYear),
    events: eventsOf(config.events, timezone, yearMs(firstYear), yearMs(firstYear + YEARS)),
  };
}

/** When the wall clock of a zone shows a time, given as if it were UTC; one that is skipped is taken for an hour later. */
function instantMs(timezone: string, localMs: number): number {
  const shown = Temporal.Instant.fromEpochMilliseconds(localMs).toZonedDateTimeISO('UTC').toPlainDateTime();
  return shown.toZonedDateTime(timezone).epochMilliseconds;
}

function holidaysOf(
  { place, days, like }: CalendarConfig['holidays'],
  timezone: string,
  firstYear: number,
): Calendar['holidays'] {
  const publicDays = place
    ? Array.from({ length: YEARS }, (_, year) => publicHolidays(place, firstYear + year)).flat()
    : [];
  // A Sunday that is like a Sunday is no holiday to anybody's load. 1970-01-01 was a Thursday, day 4 of the week.
  const all = [...new Set([...publicDays, ...days])].filter((day) => (((day + 4) % 7) + 7) % 7 !== like);
  return all
    .sort((a, b) => a - b)
    .map((day) => ({
      fromMs: instantMs(timezone, day * DAY_MS),
      untilMs: instantMs(timezone, (day + 1) * DAY_MS),
      like,
    }));
}

/** Where two events overlap, the one that began first holds and the other is left out. */
function eventsOf(events: CalendarConfig['events'], timezone: string, fromMs: number, untilMs: number): EventSpan[] {
  const all = events
    .flatMap((event) => event.at.flatMap((at) => occurrencesOf(event, at, timezone, untilMs)))
    .filter((one) => one.untilMs > fromMs && one.fromMs < untilMs)
    .sort((a, b) => a.fromMs - b.fromMs);
  const apart: EventSpan[] = [];
  for (const one of all) if (one.fromMs >= (apart.at(-1)?.untilMs ?? Number.NEGATIVE_INFINITY)) apart.push(one);
  return apart;
}

/** Repeated by the wall clock: six in the evening stays six in the evening. */
function occurrencesOf(
  { name, repeat, expectedFactor }: CalendarConfig['events'][number],
  { fromMinute, untilMinute }: CalendarConfig['events'][number]['at'][number],
  timezone: string,
  endMs: number,
): EventSpan[] {
  const at = (minute: number, times: number) => {
    const first = Temporal.Instant.fromEpochMilliseconds(minute * MINUTE_MS)
      .toZonedDateTimeISO('UTC')
      .toPlainDateTime();
    const shown = first.add(repeat === 'yearly' ? { years: times } : { weeks: times });
    return shown.toZonedDateTime(timezone).epochMilliseconds;
  };
  const spans: EventSpan[] = [];
  const timesMax = repeat === 'never' ? 1 : OCCURRENCES_MAX;
  for (let times = 0; times < timesMax; times++) {
    const span = { name, fromMs: at(fromMinute, times), untilMs: at(untilMinute, times), expectedFactor };
    if (span.fromMs >= endMs) break;
    spans.push(span);
  }
  return spans;
}
