import { describe, expect, it } from 'vitest';
import { calendarOf, parseConfig } from './index.ts';

/** The calendar of the first pool, from the year 2024 on, with times as texts. */
function calendarIn(yaml: string) {
  const [pool] = parseConfig(`autoscaler: {${yaml}}`, 'f.yaml', {}).pools;
  if (!pool) throw new Error('no pool');
  const { timezone, calendar } = pool.forecast;
  const { offsets, holidays, events } = calendarOf(calendar, timezone, Date.UTC(2024, 5, 1));
  const text = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 16);
  return {
    offsets: offsets.map(({ fromMs, offsetMs }) => [text(fromMs), offsetMs / 3_600_000]),
    holidays: holidays.map(({ fromMs, untilMs, like }) => [text(fromMs), text(untilMs), like]),
    events: events.map(({ name, fromMs, untilMs, expectedFactor }) => [
      name,
      text(fromMs),
      text(untilMs),
      expectedFactor,
    ]),
  };
}

describe('calendar: from the configuration', () => {
  it('is plain and empty by default', () => {
    expect(calendarIn('')).toEqual({ offsets: [], holidays: [], events: [] });
  });

  it("the zone is the root's, or the pool's own, with every change of eight years", () => {
    const { offsets } = calendarIn('timezone: Europe/Berlin');
    expect(offsets.slice(0, 3)).toEqual([
      ['2023-12-31T23:00', 1],
      ['2024-03-31T01:00', 2],
      ['2024-10-27T01:00', 1],
    ]);
    expect(offsets).toHaveLength(1 + 2 * 8);
    const own = calendarIn('timezone: Europe/Berlin, pools: [{forecast: {timezone: Asia/Kolkata}}]');
    expect(own.offsets).toEqual([['2023-12-31T18:30', 5.5]]);
  });

  it('holidays of a state last a day by its wall clock; one on a Sunday is none', () => {
    const { holidays } = calendarIn('timezone: Europe/Berlin, calendar: {holidays: {country: DE, state: BY}}');
    // The twelve days off of Bavaria in 2024, as its calendar of public holidays has them; none was a Sunday.
    expect(holidays.slice(0, 12).map(([from]) => from)).toEqual([
      '2023-12-31T23:00',
      '2024-01-05T23:00',
      '2024-03-28T23:00',
      '2024-03-31T22:00',
      '2024-04-30T22:00',
      '2024-05-08T22:00',
      '2024-05-19T22:00',
      '2024-05-29T22:00',
      '2024-10-02T22:00',
      '2024-10-31T23:00',
      '2024-12-24T23:00',
      '2024-12-25T23:00',
    ]);
    // In 2026 All Saints' Day is a Sunday.
    expect(holidays.some(([from]) => from === '2026-10-31T23:00')).toBe(false);
    expect(holidays[4]).toEqual(['2024-04-30T22:00', '2024-05-01T22:00', 0]);
  });

  it('own days may pass like another day of the week; a pool may have a calendar of its own', () => {
    const days = 'calendar: {holidays: {dates: [2024-12-24, 2024-12-31, 2024-12-24], like: sat}}';
    expect(calendarIn(days).holidays).toEqual([
      ['2024-12-24T00:00', '2024-12-25T00:00', 6],
      ['2024-12-31T00:00', '2025-01-01T00:00', 6],
    ]);
    expect(calendarIn(`${days}, pools: [{forecast: {calendar: {}}}]`).holidays).toEqual([]);
  });

  it('a weekly event stays at its local time; a yearly one at its date', () => {
    const { events } = calendarIn(
      'timezone: Europe/Berlin, calendar: {events: {release: {at: [{from: "2024-03-21T18:00", until: "2024-03-21T20:00"}], repeat: weekly, expected: 1.5}, sale: {at: [{from: 2020-11-27, until: 2020-11-29}], repeat: yearly}}}',
    );
    const [first, second, third] = events.filter(([name]) => name === 'release');
    expect(first).toEqual(['release', '2024-03-21T17:00', '2024-03-21T19:00', 1.5]);
    expect(second?.[1]).toBe('2024-03-28T17:00');
    expect(third?.[1]).toBe('2024-04-04T16:00');
    const sales = events.filter(([name]) => name === 'sale').map(([, from]) => from);
    expect(sales).toHaveLength(8);
    expect(sales[0]).toBe('2024-11-26T23:00');
  });

  it('of two events at one time the one that began first holds', () => {
    const { events } = calendarIn(
      'calendar: {events: {b: {at: [{from: 2024-06-02, until: 2024-06-04}]}, a: {at: [{from: 2024-06-01, until: 2024-06-03}, {from: 2024-06-04, until: 2024-06-05}]}}}',
    );
    expect(events.map(([name, from]) => [name, from])).toEqual([
      ['a', '2024-06-01T00:00'],
      ['a', '2024-06-04T00:00'],
    ]);
  });
});
