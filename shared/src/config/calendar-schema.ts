import { z } from 'zod';
import { placeIssue } from './holidays.ts';
import { choice, DAYS, date, list, number, policyName, section, text } from './issues.ts';

const DAY_MINUTES = 1_440;
const DATES_MAX = 1_000;
const EVENTS_MAX = 100;
const OCCURRENCES_MAX = 100;
const EVENT_DAYS_MAX = 14;
const MOMENT = 'a date or a local time such as 2026-11-27 or "2026-11-27T18:00"';

const placeCode = text(/^[A-Za-z0-9-]{1,15}$/, 'a code such as "DE"');

const holidaysSchema = section({
  country: placeCode.optional(),
  state: placeCode.optional(),
  region: placeCode.optional(),
  dates: list(date, 0, DATES_MAX, 'dates').default([]),
  like: choice(DAYS).default('sun'),
})
  .superRefine((raw, context) => {
    const { country, state, region } = raw;
    const refuse = (path: string, allowed: string) =>
      context.addIssue({ code: 'custom', path: [path], message: `allowed: ${allowed}` });
    if (country === undefined) {
      if (state !== undefined || region !== undefined) refuse('country', 'the country of the state or region');
      return;
    }
    const issue = placeIssue({ country, state: state ?? null, region: region ?? null });
    if (issue) refuse(issue.field, issue.allowed);
  })
  .transform(({ country, state, region, dates, like }) => ({
    place: country === undefined ? null : { country, state: state ?? null, region: region ?? null },
    days: dates,
    like: DAYS.indexOf(like),
  }));

/** Minutes after 1970-01-01 by the wall clock. */
const moment = text(/^\d{4}-\d{2}-\d{2}(T([01]\d|2[0-3]):[0-5]\d)?$/, MOMENT).transform((value, context) => {
  const [day, clock = '00:00'] = value.split('T') as [string, string?];
  const parsed = date.safeParse(day);
  if (parsed.success) return parsed.data * DAY_MINUTES + Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
  context.addIssue(`allowed: ${MOMENT}`);
  return z.NEVER;
});

const occurrenceSchema = section({ from: moment, until: moment })
  .superRefine(({ from, until }, context) => {
    if (from < until && until - from <= EVENT_DAYS_MAX * DAY_MINUTES) return;
    context.addIssue({
      code: 'custom',
      path: ['until'],
      message: `allowed: after "from", by at most ${EVENT_DAYS_MAX} days; "until" itself is out`,
    });
  })
  .transform(({ from, until }) => ({ fromMinute: from, untilMinute: until }));

const eventSchema = section({
  at: list(occurrenceSchema, 1, OCCURRENCES_MAX, 'times with from and until'),
  repeat: choice(['never', 'weekly', 'yearly']).default('never'),
  expected: number(0.05, 20).optional(),
}).transform((raw) => ({ at: raw.at, repeat: raw.repeat, expectedFactor: raw.expected ?? null }));

/** Days that are known to be different before they come. */
export const calendarSchema = section({
  holidays: holidaysSchema.optional(),
  events: z
    .record(policyName, eventSchema, { error: 'allowed: a map of events by name' })
    .refine((events) => Object.keys(events).length <= EVENTS_MAX, { error: `allowed: at most ${EVENTS_MAX} events` })
    .default({}),
}).transform((raw) => ({
  holidays: raw.holidays ?? { place: null, days: [], like: 0 },
  events: Object.entries(raw.events).map(([name, event]) => ({ name, ...event })),
}));

export type CalendarConfig = z.output<typeof calendarSchema>;
