import { parseConfig, type SignalConfig } from '@forescale/shared/config';
import { createSqliteStore, type Store } from '@forescale/shared/store';
import { ManualClock } from '@forescale/shared/time';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SignalHistory } from './signal-history.ts';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 2, 2);

const [pool] = parseConfig(
  'autoscaler: {pools: [{name: web, signals: [{name: requests, kind: counter}, {name: rps}]}]}',
  'test',
  {},
).pools;
const [counter, gauge] = (pool?.signals ?? []) as [SignalConfig, SignalConfig];

let store: Store;

beforeEach(async () => {
  store = await createSqliteStore({ path: ':memory:', clock: new ManualClock(START_MS + 40_000 * MINUTE_MS) });
});

afterEach(() => store.close());

async function write(signal: string, valueAt: (minute: number) => number, from: number, to: number): Promise<void> {
  const points = Array.from({ length: to - from }, (_, i) => ({
    measurement: 'kpi',
    tags: { pool: 'web', signal, source: 'a' },
    fields: { value: valueAt(from + i) },
    timeMs: START_MS + (from + i) * MINUTE_MS,
  }));
  for (let at = 0; at < points.length; at += 5_000) await store.write(points.slice(at, at + 5_000));
}

/** All that the history has up to a minute, page by page: minute and value. */
async function upTo(history: SignalHistory, minute: number): Promise<number[][]> {
  const all: number[][] = [];
  for (;;) {
    const { timesMs, values } = await history.next(START_MS + minute * MINUTE_MS);
    if (timesMs.length === 0) return all;
    for (const [i, timeMs] of timesMs.entries()) all.push([(timeMs - START_MS) / MINUTE_MS, values[i] as number]);
  }
}

it('history: a counter is its growth per second, over pages, calls and a restart', async () => {
  // 120 a minute; the process began anew at minute 11,000.
  const total = (minute: number) => 120 * (minute < 11_000 ? minute : minute - 10_999);
  await write('requests', total, 0, 12_000);
  const history = new SignalHistory(store, 'web', counter, START_MS - MINUTE_MS);
  const first = await upTo(history, 12_000);
  await write('requests', total, 12_000, 12_010);
  const all = [...first, ...(await upTo(history, 12_010))];
  expect(all.map(([minute]) => minute)).toEqual(Array.from({ length: 12_009 }, (_, i) => i + 1));
  expect(all.every(([, value]) => value === 2)).toBe(true);
});

it('history: a late sample is passed by live, and read by whoever reads the history anew', async () => {
  await write('rps', (minute) => minute, 0, 5);
  await write('rps', (minute) => minute, 6, 8);
  const live = new SignalHistory(store, 'web', gauge, START_MS - MINUTE_MS);
  expect((await upTo(live, 8)).map(([minute]) => minute)).toEqual([0, 1, 2, 3, 4, 6, 7]);
  await write('rps', (minute) => minute, 5, 6);
  expect(await upTo(live, 8)).toEqual([]);
  const anew = new SignalHistory(store, 'web', gauge, START_MS - MINUTE_MS);
  expect((await upTo(anew, 8)).map(([minute]) => minute)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});
