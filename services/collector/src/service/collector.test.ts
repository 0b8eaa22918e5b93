import { type Bus, createInProcessBus } from '@forescale/shared/bus';
import { parseConfig } from '@forescale/shared/config';
import { type ClusterReader, KubernetesUnavailableError } from '@forescale/shared/kubernetes';
import { Readiness } from '@forescale/shared/service';
import { silentLog } from '@forescale/shared/telemetry';
import { type Clock, ManualClock, systemClock } from '@forescale/shared/time';
import { decodeEvent, encodeKpi, sourcesSchema, streams, subjects } from '@forescale/shared/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClusterSource, TraceSource } from '../sources/index.ts';
import { type Collector, type CollectorParts, startCollector } from './collector.ts';
import { countingInstruments } from './fakes/counting-instruments.ts';
import { createFallibleStore, type FallibleStore } from './fakes/fallible-store.ts';

const NOW_MS = Date.UTC(2026, 2, 2, 12);
const CONFIG = parseConfig('autoscaler: { clock: { source: bus }, pools: [{ name: web }] }', 'test', {});

let store: FallibleStore;
let readiness: Readiness;
let counting: ReturnType<typeof countingInstruments>;
let bus: Bus;
let collector: Collector | null;
beforeEach(async () => {
  store = await createFallibleStore();
  readiness = new Readiness();
  counting = countingInstruments();
  bus = createInProcessBus();
  collector = null;
});
afterEach(async () => {
  await collector?.stop();
  await bus.close();
  await store.close();
});

/** In a simulation: its clock may not have been told the time yet. */
async function start(clock: Clock, parts: Partial<CollectorParts> = {}): Promise<Collector> {
  collector = await startCollector({
    config: CONFIG,
    store,
    spool: null,
    bus,
    clock,
    sources: [],
    ioClock: systemClock,
    readiness,
    instruments: counting.instruments,
    log: silentLog(),
    ...parts,
  });
  return collector;
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
    const { tick } = await start(clock);
    clock.advanceTo(NOW_MS);
    await tick(NOW_MS);
    await expect.poll(stored).toEqual([NOW_MS]);
  });

  it('one that is more than 5 minutes ahead of the clock is refused', async () => {
    const clock = new ManualClock(NOW_MS);
    const { tick } = await start(clock);
    await tick(NOW_MS);
    await publish(NOW_MS + 300_001);
    await publish(NOW_MS + 300_000);
    await expect.poll(stored).toEqual([NOW_MS + 300_000]);
  });

  it('nonsense is refused and counted, and what comes after it is written', async () => {
    const { tick } = await start(new ManualClock(NOW_MS));
    await tick(NOW_MS);
    const nonsense = ['', 'null', '{"value":"many"}', '{"value":1,"time":"yesterday"}', '[['.repeat(1_000)];
    for (const text of nonsense) {
      await bus.publishDurable(subjects.kpi('web', 'load'), new TextEncoder().encode(text));
    }
    await bus.publishDurable(subjects.kpi('other', 'load'), new TextEncoder().encode('{"value":1}'));
    await publish(NOW_MS);
    await expect.poll(() => counting.counts.get('dropped: refused')).toBe(nonsense.length + 1);
    await expect.poll(stored).toEqual([NOW_MS]);
  });

  it('one that the store refuses does not hold up those behind it, now or ever', async () => {
    store.refuses = (point) => point.timeMs === NOW_MS - 2;
    for (const before of [3, 2, 1, 0]) await publish(NOW_MS - before);
    const { tick } = await start(new ManualClock(NOW_MS));
    await tick(NOW_MS);
    await expect.poll(() => counting.counts.get('dropped: refused by the store')).toBe(1);
    expect(await stored()).toEqual([NOW_MS - 3, NOW_MS - 1, NOW_MS]);
    const { writes } = store;
    await tick(NOW_MS);
    expect(store.writes).toBe(writes);
  });

  it('those that come while the store is away come again when it is back', async () => {
    const clock = new ManualClock(NOW_MS);
    store.away = true;
    await bus.close();
    bus = createInProcessBus({ clock });
    const { tick } = await start(clock);
    await tick(NOW_MS);
    await publish(NOW_MS);
    await expect.poll(() => store.writes).toBeGreaterThan(0);
    expect(await stored()).toEqual([]);
    store.away = false;
    // Redelivery waits longer each time, on the bus's clock.
    await expect
      .poll(async () => {
        clock.advanceTo(clock.nowMs() + 30_000);
        return stored();
      })
      .toEqual([NOW_MS]);
    await expect.poll(() => counting.counts.get('written')).toBe(1);
  });
});

describe('collector: what is odd of samples', () => {
  it('is stored with them, told on the bus, and counted', async () => {
    const clock = new ManualClock(NOW_MS);
    const told: unknown[] = [];
    await bus.subscribe(subjects.sample('web', 'load'), async ({ data }) => {
      told.push((JSON.parse(new TextDecoder().decode(data)) as { data: { flags?: string[] } }).data.flags);
    });
    const values = Array.from({ length: 60 }, (_, i) => (i === 50 ? 9_000 : 100 + (i % 7)));
    const series = {
      timesMs: Float64Array.from(values, (_, i) => NOW_MS + i * 60_000),
      values: Float64Array.from(values),
    };
    const { tick } = await start(clock, { sources: [new TraceSource('web', 'load', series, 0)] });
    for (const timeMs of series.timesMs) {
      clock.advanceTo(timeMs);
      await tick(timeMs);
    }
    const rows = await store.query({ measurement: 'kpi', fields: ['value', 'flags'], limit: 100 });
    expect(rows).toHaveLength(60);
    expect(rows.filter(({ fields }) => fields.flags !== undefined).map(({ fields }) => fields)).toEqual([
      { value: 9_000, flags: 'outlier' },
    ]);
    expect(counting.counts.get('flagged: outlier')).toBe(1);
    await expect.poll(() => told.filter((flags) => flags !== undefined)).toEqual([['outlier']]);
  });
});

describe('collector: how its sources are', () => {
  it('stands in /readyz and on the bus; one that is away makes it no less ready', async () => {
    const heard: { name: string; state: string; reason: string | null }[][] = [];
    await bus.subscribe(subjects.allSources, async ({ data }) => {
      heard.push(decodeEvent(data, sourcesSchema).sources.map(({ name, state, reason }) => ({ name, state, reason })));
    });
    const fails = {
      ...{ name: 'prometheus main', intervalMs: 60_000, timeoutMs: 1_000 },
      read: () => Promise.reject(new Error('prometheus:9090: ECONNREFUSED')),
    };
    const { tick } = await start(new ManualClock(NOW_MS), { sources: [fails] });
    await tick(NOW_MS);
    const away = { name: 'prometheus main', state: 'away', reason: 'prometheus:9090: ECONNREFUSED' };
    await expect.poll(() => heard).toEqual([[away]]);
    expect(await readiness.report()).toMatchObject({ ready: true, reasons: {}, details: { sources: [away] } });
  });
});

describe('collector: the cluster', () => {
  const cluster = (reader: ClusterReader) => ({
    sources: [new ClusterSource({ cluster: reader, pools: CONFIG.pools, store, log: silentLog() })],
  });
  const empty: ClusterReader = {
    read: async (nowMs) => ({ atMs: nowMs, nodes: [], pods: [] }),
    usage: async () => new Map(),
    podUsage: async () => new Map(),
    clusterId: async () => 'c',
  };
  const readyNodes = async () =>
    (await store.query({ measurement: 'kpi', tags: { signal: 'ready-nodes' }, fields: ['value'], limit: 100 })).map(
      (row) => row.timeMs,
    );

  it('is read at every tick; an API that is away shows in readiness and costs only its own tick', async () => {
    let away = false;
    const read = async (nowMs: number) => {
      if (away) throw new KubernetesUnavailableError('GET /api/v1/nodes: ECONNREFUSED');
      return empty.read(nowMs);
    };
    const { tick } = await start(new ManualClock(NOW_MS), cluster({ ...empty, read }));
    await tick(NOW_MS);
    away = true;
    await tick(NOW_MS + 1);
    expect((await readiness.report()).reasons).toEqual({ kubernetes: 'GET /api/v1/nodes: ECONNREFUSED' });
    away = false;
    await tick(NOW_MS + 2);
    expect((await readiness.report()).ready).toBe(true);
    expect(await readyNodes()).toEqual([NOW_MS, NOW_MS + 2]);
  });

  it('without its metrics, not served or failing, is read all the same', async () => {
    const usages = [async () => null, () => Promise.reject(new KubernetesUnavailableError('HTTP 503')), empty.usage];
    const usage = () => (usages.shift() as ClusterReader['usage'])();
    const { tick } = await start(new ManualClock(NOW_MS), cluster({ ...empty, usage }));
    for (const later of [0, 1, 2]) await tick(NOW_MS + later);
    expect(await readyNodes()).toEqual([NOW_MS, NOW_MS + 1, NOW_MS + 2]);
    const used = await store.query({ measurement: 'kpi', tags: { signal: 'used-cpu' }, fields: ['value'], limit: 9 });
    expect(used.map((row) => row.timeMs)).toEqual([NOW_MS + 2]);
    expect((await readiness.report()).ready).toBe(true);
  });

  it('is not forgotten while the store is away: its samples wait', async () => {
    const { tick } = await start(new ManualClock(NOW_MS), cluster(empty));
    store.away = true;
    await tick(NOW_MS);
    await tick(NOW_MS + 1);
    expect((await readiness.report()).reasons).toEqual({ store: 'ECONNREFUSED' });
    store.away = false;
    await tick(NOW_MS + 2);
    expect(await readyNodes()).toEqual([NOW_MS, NOW_MS + 1, NOW_MS + 2]);
    expect((await readiness.report()).ready).toBe(true);
  });
});

describe('collector: a replayed trace', () => {
  it('comes sample by sample as its time comes', async () => {
    const series = { timesMs: Float64Array.of(NOW_MS - 1, NOW_MS, NOW_MS + 5), values: Float64Array.of(1, 2, 3) };
    const { tick } = await start(new ManualClock(NOW_MS), {
      sources: [new TraceSource('web', 'load', series, NOW_MS - 1)],
    });
    await tick(NOW_MS);
    expect(await stored()).toEqual([NOW_MS]);
    await tick(NOW_MS + 10);
    expect(await stored()).toEqual([NOW_MS, NOW_MS + 5]);
  });
});
