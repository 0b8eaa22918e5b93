import { type Bus, createInProcessBus } from '@forescale/shared/bus';
import { parseConfig } from '@forescale/shared/config';
import { Readiness } from '@forescale/shared/service';
import { createSqliteStore, type Store } from '@forescale/shared/store';
import { silentInstruments, silentLog } from '@forescale/shared/telemetry';
import { ManualClock } from '@forescale/shared/time';
import { encodeKpi, streams, subjects } from '@forescale/shared/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Collector, startCollector } from './collector.ts';

const NOW_MS = Date.UTC(2026, 2, 2, 12);
const CONFIG = parseConfig('autoscaler: { clock: { source: bus }, pools: [{ name: web }] }', 'test', {});

let store: Store;
let bus: Bus;
let collector: Collector | null;
beforeEach(async () => {
  store = await createSqliteStore({ path: ':memory:' });
  bus = createInProcessBus();
  collector = null;
});
afterEach(async () => {
  await collector?.stop();
  await bus.close();
  await store.close();
});

/** A collector whose clock has not been told the time yet, as after a start in a simulation. */
function start(clock: ManualClock): Promise<Collector> {
  return startCollector({
    config: CONFIG,
    store,
    bus,
    clock,
    cluster: null,
    traces: [],
    readiness: new Readiness(),
    instruments: silentInstruments(),
    log: silentLog(),
  });
}

async function publish(timeMs: number): Promise<void> {
  await bus.ensureStream(streams.kpi);
  const origin = { id: String(timeMs), source: '/test', timeMs };
  await bus.publishDurable(subjects.kpi('web', 'load'), encodeKpi(origin, 1, ''), origin.id);
}

const stored = async () =>
  (await store.query({ measurement: 'kpi', fields: ['value'], limit: 100 })).map((row) => row.timeMs);

describe('collector: KPIs', () => {
  it('one that waited on the bus while simulated time stood still is written, not refused as ahead of the clock', async () => {
    await publish(NOW_MS);
    const clock = new ManualClock(0);
    collector = await start(clock);
    clock.advanceTo(NOW_MS);
    await collector.tick(NOW_MS);
    await expect.poll(stored).toEqual([NOW_MS]);
  });

  it('one that is more than 5 minutes ahead of the clock is refused', async () => {
    const clock = new ManualClock(NOW_MS);
    collector = await start(clock);
    await collector.tick(NOW_MS);
    await publish(NOW_MS + 300_001);
    await publish(NOW_MS + 300_000);
    await expect.poll(stored).toEqual([NOW_MS + 300_000]);
  });
});
