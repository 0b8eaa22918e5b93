import { parseConfig } from '@forescale/shared/config';
import { describe, expect, it } from 'vitest';
import { parseLoadAsk } from './ask.ts';
import { UnknownLoadError } from './errors.ts';
import { forecastOf, NOW_MS } from './forecasts.test-data.ts';
import { type KnownSignal, loadAhead } from './load-ahead.ts';

const { pools } = parseConfig(
  'autoscaler: { pools: [{ name: web, signals: [{ name: rps }] }, { name: dark, signals: [{ name: rps }], forecast: { enabled: false } }] }',
  'test',
  {},
);
const ask = (quantile = '0.95', lead = '2m', pool = 'web') =>
  parseLoadAsk({ pool, signal: 'rps', quantile, lead }, pools);
const observed = (value: number) => ({ signal: 'rps', timeMs: NOW_MS, value });
const known = (change: Partial<KnownSignal> = {}): KnownSignal => ({
  forecast: forecastOf(),
  unread: null,
  reading: observed(150),
  ...change,
});

describe('the load ahead', () => {
  it.each([
    // Of the levels 0.1, 0.5, 0.9, 0.95 the last is 20 above the median.
    ['0.95', '1m', 0, 220],
    ['0.95', '2m', 0, 320],
    ['0.95', '5m', 0, 520],
    ['0.5', '2m', 0, 300],
    ['0.999', '2m', 0, 340],
    // Half a minute later two minutes end half-way between the windows of 2 and 3.
    ['0.95', '2m', 30_000, 370],
  ])('quantile %s over %s, %i ms after it was issued: %d', (quantile, lead, laterMs, value) => {
    const load = loadAhead(ask(quantile, lead), known(), NOW_MS + laterMs);
    expect(load).toEqual({ value, source: 'forecast', without: null });
  });

  it('is never less than what is observed', () => {
    const load = loadAhead(ask(), known({ reading: observed(1_000) }), NOW_MS);
    expect(load).toEqual({ value: 1_000, source: 'observed', without: null });
  });

  it('is forecast also while nothing is observed', () => {
    expect(loadAhead(ask(), known({ reading: null }), NOW_MS).value).toBe(320);
  });

  it('is never below nothing', () => {
    const below = forecastOf({ maxQuantiles: forecastOf().maxQuantiles.map((row) => row.map((x) => x - 10_000)) });
    expect(loadAhead(ask(), known({ forecast: below, reading: observed(-3) }), NOW_MS).value).toBe(0);
  });

  it.each<readonly [string, Partial<KnownSignal>, number]>([
    ['is not there yet', { forecast: null }, NOW_MS],
    [
      'cannot be read: payload',
      { forecast: null, unread: { signal: 'rps', reason: 'cannot be read: payload' } },
      NOW_MS,
    ],
    ['expired 60 s ago', {}, NOW_MS + 360_000],
    ['is for pool shop', { forecast: forecastOf({ pool: 'shop' }) }, NOW_MS],
    ['was issued 120 s in the future', {}, NOW_MS - 120_000],
    [
      'ends before what is ordered now would be Ready',
      { forecast: forecastOf({ timesMs: [NOW_MS + 60_000] }) },
      NOW_MS,
    ],
    [
      'is not finite',
      { forecast: forecastOf({ maxQuantiles: forecastOf().maxQuantiles.map((row) => row.map(() => Number.NaN)) }) },
      NOW_MS,
    ],
  ])('is the observed one where the forecast %s, and says so', (without, change, nowMs) => {
    expect(loadAhead(ask(), known(change), nowMs)).toEqual({ value: 150, source: 'observed', without });
  });

  it('is the observed one where no forecast is wanted', () => {
    const load = loadAhead(ask('0.9', '2m', 'dark'), known({ forecast: null }), NOW_MS);
    expect(load).toEqual({ value: 150, source: 'observed', without: 'is not enabled' });
  });

  it('that nobody knows is not taken for none', () => {
    expect(() => loadAhead(ask(), known({ forecast: null, reading: null }), NOW_MS)).toThrow(
      new UnknownLoadError('web/rps: the forecast is not there yet, and no load was observed lately'),
    );
  });
});
