import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoreRejectedError, StoreUnavailableError } from './errors.ts';
import type { Point, Store, StoreQuery } from './store.ts';

/** What every store must do, whatever keeps the points. `open` gives a store of its own on each call. */
export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(`${name}: store`, () => {
    let store: Store;
    let count = 0;
    /** A measurement that no other test writes. */
    const fresh = () => `kpi_${++count}`;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store.close());

    describeWriting(() => store, fresh);
    describeReading(() => store, fresh);
    describeNames(() => store, fresh);
    describeRefusals(() => store, fresh);

    it('is healthy while open; closed, it says so and takes nothing', async () => {
      const own = await open();
      await own.write([point(fresh(), 1_000, { value: 1 })]);
      expect(await own.health()).toEqual({ ok: true });
      await own.close();
      await own.close();
      expect(await own.health()).toMatchObject({ ok: false });
      await expect(own.write([point(fresh(), 1_000, { value: 1 })])).rejects.toThrow(StoreUnavailableError);
      await expect(own.query({ measurement: fresh(), fields: ['value'], limit: 1 })).rejects.toThrow(
        StoreUnavailableError,
      );
    });
  });
}

const TODAY_MS = Date.UTC(2026, 0, 5);
const FAR_AHEAD_MS = Date.UTC(2200, 0, 1);

function point(measurement: string, timeMs: number, fields: Point['fields'], tags: Point['tags'] = {}): Point {
  return { measurement, tags, fields, timeMs };
}

async function values(store: Store, query: Partial<StoreQuery> & { measurement: string }): Promise<unknown[]> {
  const rows = await store.query({ fields: ['value'], limit: 1_000, ...query });
  return rows.map((row) => row.fields.value);
}

function describeWriting(store: () => Store, fresh: () => string): void {
  it('writing again replaces the fields that are carried, keeps the others and adds no row', async () => {
    const measurement = fresh();
    const tags = { pool: 'web' };
    await store().write([point(measurement, TODAY_MS, { value: 1, other: 'kept' }, tags)]);
    await store().write([point(measurement, TODAY_MS, { value: 2 }, tags)]);
    await store().write([point(measurement, TODAY_MS, { value: 2 }, tags)]);
    const rows = await store().query({ measurement, fields: ['value', 'other'], limit: 10 });
    expect(rows).toEqual([{ timeMs: TODAY_MS, tags, fields: { value: 2, other: 'kept' } }]);
  });

  it('within one call the later point wins', async () => {
    const measurement = fresh();
    await store().write([1, 2, 3].map((value) => point(measurement, TODAY_MS, { value })));
    expect(await values(store(), { measurement })).toEqual([3]);
  });

  it('the same time in another series is another point', async () => {
    const measurement = fresh();
    await store().write(['a', 'b'].map((pool) => point(measurement, TODAY_MS, { value: 1 }, { pool })));
    expect(await values(store(), { measurement })).toEqual([1, 1]);
  });

  it('nothing to write is fine', async () => {
    await store().write([]);
  });

  it('takes 10,000 points in one call and gives all of them back', { timeout: 60_000 }, async () => {
    const measurement = fresh();
    const points = Array.from({ length: 10_000 }, (_, i) =>
      point(measurement, TODAY_MS + i * 1_000, { value: i / 7 }, { pool: `p${i % 4}` }),
    );
    await store().write(points);
    const read = await values(store(), { measurement, limit: 20_000 });
    expect(read).toEqual(points.map(({ fields }) => fields.value));
  });

  it('concurrent writers lose nothing', async () => {
    const measurement = fresh();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; i < 5; i++) {
        const batch = Array.from({ length: 20 }, (_, k) =>
          point(measurement, TODAY_MS + i * 20 + k, { value: 1 }, { writer: `w${writer}` }),
        );
        await store().write(batch);
      }
    });
    await Promise.all(writers);
    expect(await values(store(), { measurement, limit: 1_000 })).toHaveLength(8 * 5 * 20);
  });
}

function describeReading(store: () => Store, fresh: () => string): void {
  it.each([
    ['everything', {}, [0, 1, 2, 3, 4]],
    ['descending', { order: 'descending' }, [4, 3, 2, 1, 0]],
    ['from is outside', { fromMs: TODAY_MS + 1 }, [2, 3, 4]],
    ['to is inside', { toMs: TODAY_MS + 1 }, [0, 1]],
    ['a range', { fromMs: TODAY_MS, toMs: TODAY_MS + 3 }, [1, 2, 3]],
    ['an empty range', { fromMs: TODAY_MS + 2, toMs: TODAY_MS + 2 }, []],
    ['all of time', { fromMs: -Infinity, toMs: Infinity }, [0, 1, 2, 3, 4]],
    ['the first two', { limit: 2 }, [0, 1]],
    ['the last two', { limit: 2, order: 'descending' }, [4, 3]],
    ['the last two of a range', { limit: 2, order: 'descending', toMs: TODAY_MS + 3 }, [3, 2]],
    ['one series', { tags: { pool: 'odd' } }, [1, 3]],
    ['one series, the last', { tags: { pool: 'odd' }, order: 'descending', limit: 1 }, [3]],
    ['all tags must fit', { tags: { pool: 'odd', zone: 'x' } }, []],
  ] as const)('reads over all series in order of time: %s', async (_, query, expected) => {
    const measurement = fresh();
    // Written out of order, on purpose.
    const points = [3, 0, 4, 1, 2].map((i) =>
      point(measurement, TODAY_MS + i, { value: i }, { pool: i % 2 === 0 ? 'even' : 'odd' }),
    );
    await store().write(points);
    expect(await values(store(), { measurement, ...query })).toEqual(expected);
  });

  it('a row carries the fields that its point has; a point with none of them is no row', async () => {
    const measurement = fresh();
    await store().write([
      point(measurement, TODAY_MS, { a: 1 }),
      point(measurement, TODAY_MS + 1, { a: 2, b: 3 }),
      point(measurement, TODAY_MS + 2, { other: 4 }),
      point(measurement, TODAY_MS + 3, { b: 5 }),
    ]);
    const rows = await store().query({ measurement, fields: ['b', 'a', 'b', 'absent'], limit: 10 });
    expect(rows.map((row) => row.fields)).toEqual([{ a: 1 }, { a: 2, b: 3 }, { b: 5 }]);
  });

  it('the limit counts rows of all fields and series together', async () => {
    const measurement = fresh();
    const points = Array.from({ length: 30 }, (_, i) =>
      point(measurement, TODAY_MS + i, i % 2 === 0 ? { a: i } : { b: i }, { pool: `p${i % 3}` }),
    );
    await store().write(points);
    const first = await store().query({ measurement, fields: ['a', 'b'], limit: 7 });
    expect(first.map((row) => row.timeMs - TODAY_MS)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const last = await store().query({ measurement, fields: ['a', 'b'], limit: 4, order: 'descending' });
    expect(last.map((row) => row.timeMs - TODAY_MS)).toEqual([29, 28, 27, 26]);
  });

  it('points of the future, written at the time that they are for, are there without a bound', async () => {
    const measurement = fresh();
    await store().write([point(measurement, FAR_AHEAD_MS, { value: 9 })]);
    expect(await values(store(), { measurement })).toEqual([9]);
  });

  it('what was never written is an empty answer', async () => {
    expect(await values(store(), { measurement: fresh() })).toEqual([]);
    expect(await store().series(fresh())).toEqual([]);
  });

  it.each([0, 1, -1, 0.1, 1 / 3, 1e21, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MAX_SAFE_INTEGER])(
    'a number comes back as it went: %d',
    async (value) => {
      const measurement = fresh();
      await store().write([point(measurement, TODAY_MS, { value })]);
      expect(await values(store(), { measurement })).toEqual([value]);
    },
  );

  it('booleans stay booleans', async () => {
    const measurement = fresh();
    await store().write([true, false].map((value, i) => point(measurement, TODAY_MS + i, { value })));
    expect(await values(store(), { measurement })).toEqual([true, false]);
  });
}

const AWKWARD = [
  'with space',
  ' around ',
  'a,b=c d',
  `both "double" and 'single'`,
  '=',
  ',',
  "'",
  'ünïcødé 節点 🚀',
  'true',
  '42',
  '42i',
  '# no comment',
  '$1 %s {x} /re/ ; DROP',
] as const;

function describeNames(store: () => Store, fresh: () => string): void {
  it.each(AWKWARD)('a tag may be %j: written, listed, asked for', async (value) => {
    const measurement = fresh();
    const tags = { pool: value, other: 'x' };
    await store().write([point(measurement, TODAY_MS, { value: 1 }, tags)]);
    await store().write([point(measurement, TODAY_MS, { value: 2 }, { pool: 'y' })]);
    expect(await store().query({ measurement, tags: { pool: value }, fields: ['value'], limit: 10 })).toEqual([
      { timeMs: TODAY_MS, tags, fields: { value: 1 } },
    ]);
    expect(await store().series(measurement)).toEqual(expect.arrayContaining([tags, { pool: 'y' }]));
    expect(await store().series(measurement)).toHaveLength(2);
  });

  it.each([...AWKWARD, '', 'two\nlines\r\n', 'tab\t', 'back\\slash', '\\\' \\" \\n \\', '\\'])(
    'a text field may be %j',
    async (value) => {
      const measurement = fresh();
      await store().write([
        point(measurement, TODAY_MS, { value, beside: 1 }),
        point(measurement, TODAY_MS + 1, { value }),
      ]);
      expect(await values(store(), { measurement })).toEqual([value, value]);
    },
  );

  it('names may carry dots, dashes, slashes and words of the query language', async () => {
    const measurement = `${fresh()}.select-from/where`;
    const tags = { 'node.kubernetes.io/instance-type': 'm5', select: 'x' };
    await store().write([point(measurement, TODAY_MS, { 'p95.ms': 1, from: 2, constructor: 3 }, tags)]);
    const rows = await store().query({ measurement, tags, fields: ['p95.ms', 'from', 'constructor'], limit: 1 });
    expect(rows).toEqual([{ timeMs: TODAY_MS, tags, fields: { 'p95.ms': 1, from: 2, constructor: 3 } }]);
    expect(await store().series(measurement)).toEqual([tags]);
  });

  it('the order of tags does not make another series', async () => {
    const measurement = fresh();
    await store().write([
      point(measurement, TODAY_MS, { value: 1 }, { a: '1', b: '2' }),
      point(measurement, TODAY_MS, { value: 2 }, { b: '2', a: '1' }),
    ]);
    expect(await values(store(), { measurement })).toEqual([2]);
    expect(await store().series(measurement)).toEqual([{ a: '1', b: '2' }]);
  });
}

function describeRefusals(store: () => Store, fresh: () => string): void {
  const bad: [string, Omit<Point, 'measurement'> & { measurement?: string }, RegExp][] = [
    ['NaN', { tags: {}, fields: { value: Number.NaN }, timeMs: TODAY_MS }, /value.*NaN/],
    ['infinity', { tags: {}, fields: { ok: 1, value: -Infinity }, timeMs: TODAY_MS }, /value.*-Infinity/],
    ['no field', { tags: {}, fields: {}, timeMs: TODAY_MS }, /0 fields/],
    ['half a surrogate', { tags: {}, fields: { value: '\ud800' }, timeMs: TODAY_MS }, /value/],
    ['a NUL', { tags: {}, fields: { value: 'a\0b' }, timeMs: TODAY_MS }, /value/],
    ['64 KiB and more', { tags: {}, fields: { value: 'ü'.repeat(32_769) }, timeMs: TODAY_MS }, /value/],
    ['a newline in a tag', { tags: { pool: 'a\nb' }, fields: { value: 1 }, timeMs: TODAY_MS }, /pool.*a\\nb/],
    ['a backslash in a tag', { tags: { pool: 'a\\' }, fields: { value: 1 }, timeMs: TODAY_MS }, /pool/],
    ['an empty tag', { tags: { pool: '' }, fields: { value: 1 }, timeMs: TODAY_MS }, /pool/],
    ['a tag that is a field', { tags: { value: 'x' }, fields: { value: 1 }, timeMs: TODAY_MS }, /value/],
    ['a field named time', { tags: {}, fields: { time: 1 }, timeMs: TODAY_MS }, /time/],
    ['half a millisecond', { tags: {}, fields: { value: 1 }, timeMs: TODAY_MS + 0.5 }, /timeMs.*\.5/],
    ['year 2300', { tags: {}, fields: { value: 1 }, timeMs: Date.UTC(2300, 0) }, /timeMs/],
    ['no measurement', { measurement: '', tags: {}, fields: { value: 1 }, timeMs: TODAY_MS }, /measurement/],
  ];
  it.each(bad)('refuses %s, naming it, and writes nothing of it', async (_, wrong, message) => {
    const measurement = fresh();
    const written = store().write([{ measurement, ...wrong }]);
    await expect(written).rejects.toThrow(StoreRejectedError);
    await expect(written).rejects.toThrow(message);
    expect(await values(store(), { measurement })).toEqual([]);
  });

  it('refuses another type under the name of a field', async () => {
    const measurement = fresh();
    await store().write([point(measurement, TODAY_MS, { value: 1 })]);
    const written = store().write([point(measurement, TODAY_MS + 1, { value: 'text' })]);
    await expect(written).rejects.toThrow(StoreRejectedError);
    await expect(written).rejects.toThrow(/value/);
    expect(await values(store(), { measurement })).toEqual([1]);
  });

  it('refuses more than 10,000 points in one call', async () => {
    const points = Array.from({ length: 10_001 }, () => point('kpi', TODAY_MS, { value: 1 }));
    await expect(store().write(points)).rejects.toThrow(/10001 points/);
  });

  it.each([
    ['limit', { limit: 0 }],
    ['limit', { limit: 1.5 }],
    ['limit', { limit: 1_000_001 }],
    ['fields', { fields: [] }],
    ['measurement', { measurement: 'x"; DROP DATABASE d; --' }],
    ['field', { fields: ['"'] }],
    ['fromMs', { fromMs: Number.NaN }],
  ])('refuses a query with a bad %s', async (what, wrong) => {
    const asked = store().query({ measurement: fresh(), fields: ['value'], limit: 1, ...wrong });
    await expect(asked).rejects.toThrow(StoreRejectedError);
    await expect(asked).rejects.toThrow(new RegExp(what));
  });
}
