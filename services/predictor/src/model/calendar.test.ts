import { calendarOf, parseConfig } from '@forescale/shared/config';
import type { Calendar } from '@forescale/shared/domain';
import { seededRandom } from '@forescale/shared/time';
import { beforeAll, describe, expect, it } from 'vitest';
import { type OnlineForecast, OnlineForecaster } from './online-forecaster.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const STEPS = 8;
const SEEDS = [1, 2];
/** Following the loads takes seconds, on a busy machine more. */
const HOOK_MS = 60_000;

type CalendarFrom = (timeMs: number) => Calendar;

/** The calendar that a configuration comes to. */
function calendarIn(yaml: string): CalendarFrom {
  const [pool] = parseConfig(`autoscaler: {${yaml}}`, 'test.yaml', {}).pools;
  if (!pool) throw new Error('no pool');
  return (timeMs) => calendarOf(pool.forecast.calendar, pool.forecast.timezone, timeMs);
}

/** Office hours by the wall clock: quiet nights, a steep morning, a third as much on weekends. */
function officeLoad(localMs: number, weekend: boolean): number {
  const hour = (localMs % DAY_MS) / HOUR_MS;
  const busy = 1 / (1 + Math.exp(-3 * (hour - 8))) - 1 / (1 + Math.exp(-2 * (hour - 18)));
  return 20 + (weekend ? 30 : 100) * busy;
}

const isWeekend = (localMs: number) => ((Math.floor(localMs / DAY_MS) + 4) % 7) % 6 === 0;

/** The hourly load with 2 % of noise, and what was forecast at each hour. */
interface Followed {
  readonly startMs: number;
  readonly values: readonly number[];
  readonly forecasts: readonly OnlineForecast[];
}

function follow(
  calendarFrom: CalendarFrom,
  startMs: number,
  untilMs: number,
  load: (timeMs: number) => number,
): Followed[] {
  return SEEDS.map((seed) => {
    const forecaster = new OnlineForecaster({ rawStepMs: HOUR_MS, steps: STEPS, calendarFrom });
    const random = seededRandom(seed);
    const values: number[] = [];
    const forecasts: OnlineForecast[] = [];
    for (let timeMs = startMs; timeMs < untilMs; timeMs += HOUR_MS) {
      values.push(load(timeMs) * (1 + 0.02 * random.normal()));
      forecaster.observe(timeMs, values.at(-1) as number);
      forecasts.push(forecaster.forecast(timeMs) as OnlineForecast);
    }
    return { startMs, values, forecasts };
  });
}

/** Weighted quantile loss of what was forecast for the 24 hours from `fromMs`, over all steps, levels and seeds. */
function wqlOfDay(followed: readonly Followed[], fromMs: number): number {
  let loss = 0;
  let size = 0;
  for (const { startMs, values, forecasts } of followed) {
    const first = (fromMs - startMs) / HOUR_MS;
    for (let at = first; at < first + 24; at++) {
      const actual = values[at] as number;
      for (let step = 0; step < STEPS; step++) {
        const { levels, quantiles } = forecasts[at - step - 1] as OnlineForecast;
        for (const [k, level] of levels.entries()) {
          const miss = actual - (quantiles[k]?.[step] as number);
          loss += (2 * Math.max(level * miss, (level - 1) * miss)) / levels.length;
        }
        size += actual;
      }
    }
  }
  return loss / size;
}

/** The share of the hours of a window that came out above their quantile of level 0.9, over all steps and seeds. */
function shareAbove90(followed: readonly Followed[], fromMs: number, hours: number): number {
  let above = 0;
  for (const { startMs, values, forecasts } of followed) {
    const first = (fromMs - startMs) / HOUR_MS;
    for (let at = first; at < first + hours; at++) {
      for (let step = 0; step < STEPS; step++) {
        const { levels, quantiles } = forecasts[at - step - 1] as OnlineForecast;
        if ((values[at] as number) > (quantiles[levels.indexOf(0.9)]?.[step] as number)) above++;
      }
    }
  }
  return above / (followed.length * hours * STEPS);
}

const utc = calendarIn('timezone: UTC');

describe('calendar: the wall clock', () => {
  const berlin = calendarIn('timezone: Europe/Berlin');

  it.each([
    ['spring', Date.UTC(2024, 2, 31, 1), HOUR_MS, 2 * HOUR_MS],
    ['autumn', Date.UTC(2024, 9, 27, 1), 2 * HOUR_MS, HOUR_MS],
  ])('the days after the change in %s are forecast as any other', (_, changeMs, beforeMs, afterMs) => {
    const load = (timeMs: number) => {
      const localMs = timeMs + (timeMs < changeMs ? beforeMs : afterMs);
      return officeLoad(localMs, isWeekend(localMs));
    };
    const run = (calendar: CalendarFrom) => follow(calendar, changeMs - 36 * DAY_MS, changeMs + 3 * DAY_MS, load);
    const [byBerlin, byUtc] = [run(berlin), run(utc)];
    for (const days of [0, 1]) {
      const after = wqlOfDay(byBerlin, changeMs + days * DAY_MS);
      expect(after).toBeLessThan(0.4 * wqlOfDay(byUtc, changeMs + days * DAY_MS));
      expect(after).toBeLessThan(1.25 * wqlOfDay(byBerlin, changeMs + (days - 7) * DAY_MS));
    }
  });
});

describe('calendar: holidays', () => {
  // The public holidays of Bavaria in May 2024: a Wednesday, two Thursdays and a Monday.
  const holidays = ['2024-05-01', '2024-05-09', '2024-05-20', '2024-05-30'];
  const load = (timeMs: number) =>
    officeLoad(timeMs, holidays.includes(new Date(timeMs).toISOString().slice(0, 10)) || isWeekend(timeMs));
  const run = (calendar: CalendarFrom) => follow(calendar, Date.UTC(2024, 3, 1), Date.UTC(2024, 5, 8), load);
  let known: Followed[];
  let unknown: Followed[];
  beforeAll(() => {
    known = run(calendarIn('calendar: {holidays: {country: DE, state: BY}}'));
    unknown = run(utc);
  }, HOOK_MS);

  it.each(holidays)('%s passes like a Sunday', (date) => {
    expect(wqlOfDay(known, Date.parse(date))).toBeLessThan(0.3 * wqlOfDay(unknown, Date.parse(date)));
  });

  // The day after, the weekday a week later, and an ordinary Monday a week after Whit Monday.
  it.each(['2024-05-10', '2024-05-16', '2024-05-27'])('%s, after a holiday, passes like any working day', (date) => {
    const usual = wqlOfDay(known, Date.parse('2024-05-15'));
    expect(wqlOfDay(known, Date.parse(date))).toBeLessThan(1.3 * usual);
    expect(wqlOfDay(unknown, Date.parse(date))).toBeGreaterThan(1.3 * usual);
  });
});

describe('calendar: dated events', () => {
  // On the first three Thursdays from 2024-05-02 there is a release in the evening, with 2.5 times the load.
  const startMs = Date.UTC(2024, 3, 1);
  const releases = ['2024-05-02T18:00', '2024-05-16T18:00', '2024-05-30T18:00'].map((time) => Date.parse(`${time}Z`));
  const HOURS = 4;
  const load = (timeMs: number) => {
    const during = releases.some((fromMs) => timeMs >= fromMs && timeMs < fromMs + HOURS * HOUR_MS);
    return (during ? 2.5 : 1) * officeLoad(timeMs, isWeekend(timeMs));
  };
  const at = releases
    .map((fromMs) => `{from: "${local(fromMs)}", until: "${local(fromMs + HOURS * HOUR_MS)}"}`)
    .join(', ');
  const run = (calendar: CalendarFrom) => follow(calendar, startMs, (releases[2] as number) + DAY_MS, load);
  const medianAhead = ({ startMs: from, forecasts }: Followed, timeMs: number, hours: number) => {
    const { levels, quantiles } = forecasts[(timeMs - from) / HOUR_MS - hours] as OnlineForecast;
    return quantiles[levels.indexOf(0.5)]?.[hours - 1] as number;
  };
  let named: Followed[];
  let unnamed: Followed[];
  let expected: Followed[];
  beforeAll(() => {
    named = run(calendarIn(`calendar: {events: {release: {at: [${at}]}}}`));
    unnamed = run(utc);
    expected = run(calendarIn(`calendar: {events: {release: {at: [${at}], expected: 2.5}}}`));
  }, HOOK_MS);

  it('one that was seen twice is forecast before it begins', () => {
    const [, , third] = releases as [number, number, number];
    for (const followed of named) {
      for (let hour = 0; hour < HOURS; hour++) {
        const timeMs = third + hour * HOUR_MS;
        // From two hours before the release on, each of its hours lies 3 to 6 hours ahead.
        const median = medianAhead(followed, timeMs, hour + 3);
        expect(median / load(timeMs)).toBeGreaterThan(0.8);
        expect(median / load(timeMs)).toBeLessThan(1.2);
      }
    }
    expect(wqlOfDay(named, third - 18 * HOUR_MS)).toBeLessThan(0.4 * wqlOfDay(unnamed, third - 18 * HOUR_MS));
  });

  it('the first time the median stays and the band is wide; with an expected factor it is forecast', () => {
    const [first] = releases as [number, number, number];
    for (const [seed, followed] of named.entries()) {
      const ordinary = load(first) / 2.5;
      expect(medianAhead(followed, first, 3) / ordinary).toBeLessThan(1.15);
      const { quantiles } = followed.forecasts[(first - startMs) / HOUR_MS - 3] as OnlineForecast;
      const { quantiles: plain } = (unnamed[seed] as Followed).forecasts[
        (first - startMs) / HOUR_MS - 3
      ] as OnlineForecast;
      const width = (rows: readonly (readonly number[])[]) => (rows[4]?.[2] as number) - (rows[1]?.[2] as number);
      expect(width(quantiles)).toBeGreaterThan(4 * width(plain));
      expect(medianAhead(expected[seed] as Followed, first, 3) / load(first)).toBeGreaterThan(0.85);
    }
    expect(shareAbove90(expected, first, HOURS)).toBeLessThan(0.4);
  });

  it('a release does not bend the Thursdays after it', () => {
    const thursday = (releases[0] as number) + 7 * DAY_MS - 18 * HOUR_MS;
    expect(wqlOfDay(named, thursday)).toBeLessThan(0.9 * wqlOfDay(unnamed, thursday));
  });
});

function local(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16);
}
