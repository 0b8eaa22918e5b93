import { type Bus, createInProcessBus } from '@forescale/shared/bus';
import type { Sample } from '@forescale/shared/domain';
import { StoreUnavailableError } from '@forescale/shared/store';
import { silentLog } from '@forescale/shared/telemetry';
import { decodeEvent, sampleSchema } from '@forescale/shared/wire';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Announcer } from './announcer.ts';
import { countingInstruments } from './fakes/counting-instruments.ts';
import { createFallibleStore, type FallibleStore } from './fakes/fallible-store.ts';
import { SampleWriter, type WriterParts } from './writer.ts';

const samples = (from: number, to: number): Sample[] =>
  Array.from({ length: to - from }, (_, index) => ({
    pool: 'web',
    signal: 'rps',
    source: 'test',
    timeMs: from + index,
    value: from + index,
  }));

let store: FallibleStore;
let bus: Bus;
let writer: SampleWriter;
let counts: Map<string, number>;
let announced: Sample[];
let rest: Pick<WriterParts, 'spool' | 'announcer' | 'log'>;
beforeEach(async () => {
  store = await createFallibleStore();
  bus = createInProcessBus();
  announced = [];
  await bus.subscribe('forescale.v1.sample.>', ({ data }) => void announced.push(decodeEvent(data, sampleSchema)));
  const counting = countingInstruments();
  counts = counting.counts;
  rest = { spool: null, announcer: new Announcer(bus, silentLog()), log: silentLog() };
  writer = new SampleWriter({ ...rest, store, instruments: counting.instruments });
});
afterEach(async () => {
  await bus.close();
  await store.close();
});

const stored = async () =>
  (await store.query({ measurement: 'kpi', fields: ['value'], limit: 1_000_000 })).map((row) => row.fields.value);
const numbers = (from: number, to: number) => samples(from, to).map((sample) => sample.value);

describe('samples to the store', () => {
  it('are written, and only then announced live', async () => {
    await writer.write(samples(0, 3));
    expect(await stored()).toEqual([0, 1, 2]);
    await expect.poll(() => announced).toEqual(samples(0, 3));
    expect(counts).toEqual(new Map([['written', 3]]));
  });

  it('are written in batches that the store takes', async () => {
    await writer.write(samples(0, 12_000));
    expect(await stored()).toEqual(numbers(0, 12_000));
    expect(store.writes).toBe(3);
  });

  it('are kept by nobody when the store is away and somebody else will send them again', async () => {
    store.away = true;
    await expect(writer.write(samples(0, 3))).rejects.toThrow(StoreUnavailableError);
    store.away = false;
    await writer.writeOrKeep([]);
    expect(await stored()).toEqual([]);
    expect(announced).toEqual([]);
  });

  it('are written all the same when the bus is away', async () => {
    await bus.close();
    await writer.write(samples(0, 3));
    expect(await stored()).toEqual([0, 1, 2]);
  });
});

describe('samples that nobody sends again', () => {
  it('wait while the store is away, and are written when it is back, in order', async () => {
    store.away = true;
    await expect(writer.writeOrKeep(samples(0, 2))).rejects.toThrow('ECONNREFUSED');
    await expect(writer.writeOrKeep(samples(2, 4))).rejects.toThrow('ECONNREFUSED');
    store.away = false;
    await writer.writeOrKeep(samples(4, 5));
    expect(await stored()).toEqual([0, 1, 2, 3, 4]);
    await expect.poll(() => announced).toEqual(samples(0, 5));
    await writer.writeOrKeep(samples(5, 6));
    expect(await stored()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(counts).toEqual(
      new Map([
        ['spooled', 4],
        ['written', 6],
      ]),
    );
  });

  it('wait in a bounded backlog: the oldest go first, and are counted', async () => {
    store.away = true;
    await expect(writer.writeOrKeep(samples(0, 30_000))).rejects.toThrow();
    await expect(writer.writeOrKeep(samples(30_000, 60_000))).rejects.toThrow();
    expect(counts.get('dropped: backlog full')).toBe(10_000);
    store.away = false;
    await writer.writeOrKeep([]);
    expect(await stored()).toEqual(numbers(10_000, 60_000));
  });

  it('are not written twice when the store goes away in the middle of the backlog', async () => {
    store.away = true;
    await expect(writer.writeOrKeep(samples(0, 12_000))).rejects.toThrow();
    store.away = false;
    const { write } = store;
    store.write = async (points) => {
      if (points[0]?.timeMs === 5_000) throw new StoreUnavailableError('gone again');
      await write.call(store, points);
    };
    await expect(writer.writeOrKeep([])).rejects.toThrow('gone again');
    store.write = write;
    await writer.writeOrKeep([]);
    expect(await stored()).toEqual(numbers(0, 12_000));
    await expect.poll(() => announced.length).toBe(12_000);
  });
});

describe('samples that the store refuses', () => {
  const refuse = (...refused: number[]) => {
    store.refuses = (point) => refused.includes(point.timeMs);
  };

  it('one is dropped and counted, and does not hold up the others, nor is it announced', async () => {
    refuse(500);
    await writer.write(samples(0, 1_000));
    expect(await stored()).toEqual(numbers(0, 1_000).filter((value) => value !== 500));
    await expect.poll(() => announced.length).toBe(999);
    expect(announced.map((sample) => sample.timeMs)).not.toContain(500);
    expect(counts).toEqual(
      new Map([
        ['written', 999],
        ['dropped: refused by the store', 1],
      ]),
    );
    expect(store.writes).toBeLessThanOrEqual(21);
  });

  it('in the backlog, too, which drains around it', async () => {
    store.away = true;
    await expect(writer.writeOrKeep(samples(0, 10))).rejects.toThrow();
    store.away = false;
    refuse(3);
    await writer.writeOrKeep(samples(10, 12));
    expect(await stored()).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11]);
    await writer.writeOrKeep([]);
    expect(counts.get('dropped: refused by the store')).toBe(1);
  });

  it('any of them: all others are in the store, each is counted once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.uniqueArray(fc.nat(39)), async (length, refused) => {
        const store = await createFallibleStore();
        store.refuses = (point) => refused.includes(point.timeMs);
        const { instruments, counts } = countingInstruments();
        await new SampleWriter({ ...rest, store, instruments }).write(samples(0, length));
        const taken = numbers(0, length).filter((value) => !refused.includes(value));
        const rows = await store.query({ measurement: 'kpi', fields: ['value'], limit: 100 });
        expect(rows.map((row) => row.fields.value)).toEqual(taken);
        expect(counts.get('written') ?? 0).toBe(taken.length);
        expect(counts.get('dropped: refused by the store') ?? 0).toBe(length - taken.length);
        expect(store.writes).toBeLessThan(2 * length);
        await store.close();
      }),
      { numRuns: 50 },
    );
  });

  it('a store that goes away meanwhile is waited for', async () => {
    refuse(0);
    const { write } = store;
    store.write = async (points) => {
      await write.call(store, points).finally(() => {
        store.away = true;
      });
    };
    await expect(writer.writeOrKeep(samples(0, 4))).rejects.toThrow('ECONNREFUSED');
    store.write = write;
    store.away = false;
    await writer.writeOrKeep([]);
    expect(await stored()).toEqual([1, 2, 3]);
  });
});
