import { describe, expect, test } from 'vitest';
import type { SignalForecast } from './documents.ts';
import { forecastAt, toFrame } from './frame.js';
import type { History } from './history.js';

const NAMES = [
  'load',
  'q10',
  'q50',
  'q90',
  'q99',
  'ready',
  'starting',
  'desired',
  'floor',
  'ceiling',
  'usd',
  'reactiveUsd',
] as const;

function historyOf(timesS: number[]): History {
  const columns = Object.fromEntries(NAMES.map((name) => [name, timesS.map(() => (name === 'starting' ? 2 : 5))]));
  return { stepS: 60, timesS, columns: columns as History['columns'] };
}

function forecastOf(timesS: number[]): SignalForecast {
  return {
    signal: 'requests',
    issued: '2025-05-06T00:00:00Z',
    valid_until: '2025-05-06T01:00:00Z',
    step_seconds: 300,
    times: timesS.map((timeS) => new Date(timeS * 1000).toISOString()),
    quantiles: { '0.1': timesS, '0.5': timesS, '0.9': timesS, '0.99': timesS },
    model: 'combination',
    backend: 'wasm',
    weights: {},
    accuracy: null,
  };
}

describe('toFrame', () => {
  test('the past is followed by the steps ahead of now, in columns of one length', () => {
    const frame = toFrame(historyOf([0, 60, 120]), forecastOf([60, 300, 600]), 130, 3600);
    expect(frame.timesS).toEqual([0, 60, 120, 300, 600]);
    expect(frame.q50).toEqual([5, 5, 5, 300, 600]);
    expect(frame.load).toEqual([5, 5, 5, null, null]);
    expect(frame.occupied).toEqual([7, 7, 7, null, null]);
    expect(frame.toS).toBe(600);
  });

  test('cells of the history that lie ahead of now give way to the newest forecast', () => {
    expect(toFrame(historyOf([0, 60, 120, 180]), forecastOf([300]), 60, 3600).timesS).toEqual([0, 60, 300]);
  });

  test('the future takes at most a quarter of the time shown', () => {
    const frame = toFrame(historyOf([0]), forecastOf([100, 200, 251, 900]), 0, 1000);
    expect(frame.timesS).toEqual([0, 100, 200]);
  });

  test('without any data there is an empty picture around now', () => {
    const frame = toFrame(historyOf([]), null, 1000, 500);
    expect([frame.fromS, frame.toS, frame.timesS]).toEqual([500, 1005, []]);
  });
});

describe('forecastAt', () => {
  test('the nearest step answers', () => {
    expect(forecastAt(forecastOf([300, 600, 900]), 700)?.q50).toBe(600);
  });

  test('beyond the horizon there is none', () => {
    expect(forecastAt(forecastOf([300, 600]), 901)).toBeNull();
    expect(forecastAt(forecastOf([]), 0)).toBeNull();
    expect(forecastAt(null, 0)).toBeNull();
  });
});
