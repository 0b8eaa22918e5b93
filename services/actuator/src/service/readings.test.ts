import { createInProcessBus } from '@forescale/shared/bus';
import { parseConfig } from '@forescale/shared/config';
import { createSqliteStore, type Store } from '@forescale/shared/store';
import { ManualClock } from '@forescale/shared/time';
import { encodeSample, subjects } from '@forescale/shared/wire';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Readings } from './readings.ts';

const MINUTE_MS = 60_000;
const NOW_MS = Date.UTC(2026, 2, 2, 12);

const [pool] = parseConfig(
  'autoscaler: {pools: [{name: web, signals: [{name: requests, kind: counter}, {name: rps}]}]}',
  'test',
  {},
).pools;
if (!pool) throw new Error('no pool');

let store: Store;
const bus = createInProcessBus();

beforeEach(async () => {
  store = await createSqliteStore({ path: ':memory:', clock: new ManualClock(NOW_MS) });
});

afterEach(() => store.close());

/** What a source said at the last minutes, the oldest first. */
async function stored(signal: string, source: string, values: readonly number[]): Promise<void> {
  await store.write(
    values.map((value, i) => ({
      measurement: 'kpi',
      tags: { pool: 'web', signal, source },
      fields: { value },
      timeMs: NOW_MS - (values.length - 1 - i) * MINUTE_MS,
    })),
  );
}

it('readings: a counter is read as its growth per second, also in the minute of a restart', async () => {
  await stored('requests', 'a', [6_000, 12_000, 600]);
  await stored('requests', 'b', [0, 60, 240]);
  await stored('rps', 'a', [7, 8, 9]);
  const { readings } = await new Readings(pool, store, bus).read(NOW_MS);
  expect(readings).toEqual([
    { signal: 'requests', timeMs: NOW_MS, value: 10 + 3 },
    { signal: 'rps', timeMs: NOW_MS, value: 9 },
  ]);
});

it('readings: one sample of a counter says nothing', async () => {
  await stored('requests', 'a', [6_000]);
  expect((await new Readings(pool, store, bus).read(NOW_MS)).readings).toEqual([]);
});

it('readings: a counter that stopped three intervals ago is none', async () => {
  await stored('requests', 'a', [0, 60]);
  const readings = new Readings(pool, store, bus);
  expect((await readings.read(NOW_MS + 2 * MINUTE_MS)).readings).toHaveLength(1);
  expect((await readings.read(NOW_MS + 3 * MINUTE_MS)).readings).toEqual([]);
});

it('readings: a counter is known from live copies while the store has none of it', async () => {
  const readings = new Readings(pool, store, bus);
  await readings.read(NOW_MS);
  for (const [i, value] of [100, 160, 220].entries()) {
    const sample = { pool: 'web', signal: 'requests', source: 'a', timeMs: NOW_MS + i * MINUTE_MS, value };
    await bus.publish(subjects.sample('web', 'requests'), encodeSample(sample));
  }
  const [reading] = (await readings.read(NOW_MS + 2 * MINUTE_MS)).readings;
  expect(reading).toEqual({ signal: 'requests', timeMs: NOW_MS + 2 * MINUTE_MS, value: 1 });
});
