import { describe, expect, it } from 'vitest';
import { periodOf, TraceSource } from './trace-source.ts';

const series = { timesMs: Float64Array.of(10, 20, 30, 40), values: Float64Array.of(1, 2, 3, 4) };
const values = (source: TraceSource, nowMs: number) => source.until(nowMs).map(({ timeMs, value }) => [timeMs, value]);

describe('replay of a trace', () => {
  it('gives each sample once, when it is due', () => {
    const source = new TraceSource('web', 'load', series, 0);
    expect(values(source, 5)).toEqual([]);
    expect(values(source, 20)).toEqual([
      [10, 1],
      [20, 2],
    ]);
    expect(values(source, 20)).toEqual([]);
    expect(values(source, 1_000)).toEqual([
      [30, 3],
      [40, 4],
    ]);
    expect(values(source, 2_000)).toEqual([]);
  });

  it('begins after what was imported, and never goes back', () => {
    const source = new TraceSource('web', 'load', series, 20);
    expect(source.until(30)).toEqual([{ pool: 'web', signal: 'load', source: 'trace', timeMs: 30, value: 3 }]);
    expect(values(source, 0)).toEqual([]);
    expect(values(source, 40)).toEqual([[40, 4]]);
  });
});

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Hourly from a Monday of 2018 on; each value is the hour since then. */
const MONDAY_MS = Date.UTC(2018, 0, 1);
const hours = (count: number) => ({
  timesMs: Float64Array.from({ length: count }, (_, hour) => MONDAY_MS + hour * HOUR_MS),
  values: Float64Array.from({ length: count }, (_, hour) => hour),
});

describe('replay of an old trace now', () => {
  it.each([
    ['ten days', 240, 7],
    ['fifteen days', 360, 14],
    ['two and a half days', 60, 2],
    ['six hours', 6, 0.25],
  ])('of %s repeats after whole weeks, days, or itself', (_what, count, days) => {
    expect(periodOf(hours(count))).toBe(days * DAY_MS);
  });

  it('keeps the hour and the day of the week, over the end of the record and again', () => {
    const series = hours(240);
    const nowMs = Date.UTC(2026, 10, 29, 22, 30);
    const source = new TraceSource('web', 'load', series, nowMs, periodOf(series));
    const given = Array.from({ length: 400 }, (_, hour) => source.until(nowMs + (hour + 1) * HOUR_MS)).flat();
    expect(given).toHaveLength(400);
    for (const [hour, { timeMs, value }] of given.entries()) {
      expect(timeMs).toBe(Date.UTC(2026, 10, 29, 23 + hour));
      const time = new Date(timeMs);
      expect(value).toBe(((time.getUTCDay() + 6) % 7) * 24 + time.getUTCHours());
    }
  });

  it('gives no years of what a sleeping machine has missed', () => {
    const series = hours(24);
    const source = new TraceSource('web', 'load', series, MONDAY_MS + 3_000 * DAY_MS, DAY_MS);
    const late = source.until(MONDAY_MS + 4_000 * DAY_MS + 2 * HOUR_MS);
    expect(late.length).toBeLessThanOrEqual(48);
    expect(late.at(-1)).toMatchObject({ timeMs: MONDAY_MS + 4_000 * DAY_MS + 2 * HOUR_MS, value: 2 });
    const times = late.map(({ timeMs }) => timeMs);
    expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
  });

  it('of a record from the future begins now as well', () => {
    const source = new TraceSource('web', 'load', hours(48), MONDAY_MS - 30 * DAY_MS + HOUR_MS, 2 * DAY_MS);
    expect(source.until(MONDAY_MS - 30 * DAY_MS + 2 * HOUR_MS)).toMatchObject([{ value: 2 }]);
  });
});
