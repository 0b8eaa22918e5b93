import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, createInProcessBus } from '@forescale/shared/bus';
import type { Sample } from '@forescale/shared/domain';
import { silentLog } from '@forescale/shared/telemetry';
import { decodeEvent, sampleSchema } from '@forescale/shared/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileSpool, SpoolError } from '../spool/index.ts';
import { Announcer } from './announcer.ts';
import { countingInstruments } from './fakes/counting-instruments.ts';
import { createFallibleSpool, type FallibleSpool } from './fakes/fallible-spool.ts';
import { createFallibleStore, type FallibleStore } from './fakes/fallible-store.ts';
import { SampleWriter } from './writer.ts';

const samples = (from: number, to: number): Sample[] =>
  Array.from({ length: to - from }, (_, index) => ({
    pool: 'web',
    signal: 'rps',
    source: 'test',
    timeMs: from + index,
    value: from + index,
  }));

let directory: string;
let store: FallibleStore;
let spool: FallibleSpool;
let bus: Bus;
let writer: SampleWriter;
let counts: Map<string, number>;
let announced: number[];
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'forescale-writer-'));
  store = await createFallibleStore();
  bus = createInProcessBus();
  announced = [];
  await bus.subscribe(
    'forescale.v1.sample.>',
    ({ data }) => void announced.push(decodeEvent(data, sampleSchema).value),
  );
  await start();
});
afterEach(async () => {
  await writer.stop();
  await bus.close();
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A collector that starts on what the one before has left on the disk. */
async function start(bytesMax = 16 * 2 ** 20): Promise<void> {
  const log = silentLog();
  const counting = countingInstruments();
  counts = counting.counts;
  spool = createFallibleSpool(
    await openFileSpool({ path: join(directory, 'spool.db'), bytesMax, onSetAside: (message) => expect.fail(message) }),
  );
  writer = new SampleWriter({
    store,
    spool,
    announcer: new Announcer(bus, log),
    instruments: counting.instruments,
    log,
  });
}

const stored = async () =>
  (await store.query({ measurement: 'kpi', fields: ['value'], limit: 1_000_000 })).map((row) => row.fields.value);
const numbers = (from: number, to: number) => samples(from, to).map((sample) => sample.value);

describe('samples while the store is away', () => {
  it('are safe on the disk, and said so; written when it is back, and only then announced', async () => {
    store.away = true;
    await writer.write(samples(0, 10));
    await writer.write(samples(10, 20));
    await writer.drain();
    expect(spool.samples).toBe(20);
    expect(counts).toEqual(new Map([['spooled', 20]]));
    expect(writer.health.store).toEqual({ ok: false, reason: 'ECONNREFUSED' });
    expect(writer.health.spool).toEqual({ ok: true });
    expect(announced).toEqual([]);
    store.away = false;
    await writer.writeOrKeep([]);
    await writer.drain();
    expect(await stored()).toEqual(numbers(0, 20));
    expect(writer.health.store).toEqual({ ok: true });
    expect(counts.get('written')).toBe(20);
    await expect.poll(() => announced).toEqual(numbers(0, 20));
  });

  it('go behind those that wait, so that they are written in order', async () => {
    store.away = true;
    await writer.write(samples(0, 12_000));
    await writer.drain();
    store.away = false;
    await writer.write(samples(12_000, 12_010));
    await writer.drain();
    await expect.poll(() => announced).toEqual(numbers(0, 12_010));
    expect(spool.samples).toBe(0);
    // With nothing before them, straight into the store.
    await writer.write(samples(12_010, 12_020));
    expect(counts.get('spooled')).toBe(12_010);
    expect(await stored()).toEqual(numbers(0, 12_020));
  });

  it('outlive the collector: the next one writes them first', async () => {
    store.away = true;
    await writer.write(samples(0, 10));
    await writer.stop();
    await start();
    store.away = false;
    await writer.drain();
    expect(await stored()).toEqual(numbers(0, 10));
    await writer.stop();
    await start();
    expect(spool.samples).toBe(0);
  });

  it('more than the spool may hold: the oldest go first, and every one is accounted for', async () => {
    await writer.stop();
    await start(50_000);
    store.away = true;
    for (let from = 0; from < 20_000; from += 500) await writer.write(samples(from, from + 500));
    const dropped = counts.get('dropped: spool full') ?? 0;
    expect(dropped).toBeGreaterThan(0);
    await writer.drain();
    store.away = false;
    await writer.writeOrKeep([]);
    await writer.drain();
    expect(await stored()).toEqual(numbers(dropped, 20_000));
    expect(counts.get('written')).toBe(20_000 - dropped);
  });

  it('one that the store refuses afterwards does not hold up those behind it', async () => {
    store.away = true;
    await writer.write(samples(0, 100));
    await writer.drain();
    store.away = false;
    store.refuses = (point) => point.timeMs === 50;
    await writer.drain();
    expect(await stored()).toEqual(numbers(0, 100).filter((value) => value !== 50));
    expect(counts.get('dropped: refused by the store')).toBe(1);
    expect(spool.samples).toBe(0);
  });

  it('a store that comes and goes: each is written, none is forgotten', async () => {
    const { write } = store;
    let calls = 0;
    store.write = async (points) => {
      store.away = ++calls % 3 !== 0;
      await write.call(store, points);
    };
    for (let from = 0; from < 30_000; from += 1_000) await writer.write(samples(from, from + 1_000));
    for (let tries = 0; tries < 200 && spool.samples > 0; tries++) await writer.drain();
    expect(await stored()).toEqual(numbers(0, 30_000));
  });
});

describe('a disk that is full', () => {
  it('beside a store that is away: what is not safe is refused, and both are named', async () => {
    store.away = true;
    await writer.write(samples(0, 10));
    spool.full = true;
    await expect(writer.write(samples(10, 20))).rejects.toThrow(SpoolError);
    expect(writer.health.spool).toEqual({ ok: false, reason: 'spool.db: ENOSPC: no space left on device' });
    expect(writer.health.store).toMatchObject({ ok: false });
    store.away = false;
    await writer.drain();
    expect(await stored()).toEqual(numbers(0, 10));
    expect(writer.health).toEqual({ store: { ok: true }, spool: { ok: true } });
    await writer.write(samples(10, 20));
    expect(await stored()).toEqual(numbers(0, 20));
  });

  it('from the first sample on: the store is asked again each time', async () => {
    store.away = true;
    spool.full = true;
    await expect(writer.write(samples(0, 10))).rejects.toThrow(SpoolError);
    store.away = false;
    await writer.write(samples(0, 10));
    expect(await stored()).toEqual(numbers(0, 10));
    expect(writer.health).toEqual({ store: { ok: true }, spool: { ok: true } });
  });

  it('samples that nobody sends again wait in memory, counted once', async () => {
    store.away = true;
    spool.full = true;
    await expect(writer.writeOrKeep(samples(0, 10))).rejects.toThrow(SpoolError);
    await expect(writer.writeOrKeep(samples(10, 20))).rejects.toThrow(SpoolError);
    store.away = false;
    await writer.writeOrKeep(samples(20, 30));
    expect(await stored()).toEqual(numbers(0, 30));
    expect(counts).toEqual(
      new Map([
        ['spooled', 20],
        ['written', 30],
      ]),
    );
  });

  it('that cannot be read, either: said, tried again, nothing lost', async () => {
    store.away = true;
    await writer.write(samples(0, 10));
    await writer.drain();
    store.away = false;
    spool.unreadable = true;
    await writer.drain();
    expect(writer.health.spool).toEqual({ ok: false, reason: 'spool.db: EIO: i/o error' });
    spool.unreadable = false;
    await writer.drain();
    expect(await stored()).toEqual(numbers(0, 10));
    expect(writer.health.spool).toEqual({ ok: true });
  });
});
