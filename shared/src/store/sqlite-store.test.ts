import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../time/index.ts';
import { describeStore } from './conformance.ts';
import { SqliteFileError, StoreUnavailableError } from './errors.ts';
import { createSqliteStore } from './sqlite-store.ts';

const directory = mkdtempSync(join(tmpdir(), 'forescale-sqlite-store-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let count = 0;
const freshPath = () => join(directory, 'made-on-the-way', `${++count}.db`);

describeStore('SQLite in a file', () => createSqliteStore({ path: freshPath() }));
describeStore('SQLite in memory', () => createSqliteStore({ path: ':memory:' }));

const DAY_MS = 86_400_000;

describe('SQLite store', () => {
  it('keeps what was written over a reopening', async () => {
    const path = freshPath();
    const first = await createSqliteStore({ path });
    await first.write([{ measurement: 'kpi', tags: { pool: 'a' }, fields: { value: 1, on: true }, timeMs: 5 }]);
    await first.close();
    const second = await createSqliteStore({ path });
    expect(await second.query({ measurement: 'kpi', fields: ['value', 'on'], limit: 1 })).toEqual([
      { timeMs: 5, tags: { pool: 'a' }, fields: { value: 1, on: true } },
    ]);
    await second.close();
  });

  it('two processes share a file; one that keeps it locked makes the other unavailable', async () => {
    const path = freshPath();
    const one = await createSqliteStore({ path });
    const other = await createSqliteStore({ path });
    const row = (value: number) => [{ measurement: 'kpi', tags: {}, fields: { value }, timeMs: value }];
    await one.write(row(1));
    await other.write(row(2));
    const lock = new DatabaseSync(path);
    lock.exec('BEGIN IMMEDIATE');
    await expect(one.write(row(3))).rejects.toThrow(StoreUnavailableError);
    expect(await one.query({ measurement: 'kpi', fields: ['value'], limit: 9 })).toHaveLength(2);
    lock.exec('ROLLBACK');
    lock.close();
    await one.write(row(3));
    expect(await other.query({ measurement: 'kpi', fields: ['value'], limit: 9 })).toHaveLength(3);
    await one.close();
    await other.close();
  });

  it('a refused batch leaves nothing behind', async () => {
    const store = await createSqliteStore({ path: ':memory:' });
    const point = (timeMs: number, value: number | string) => ({
      measurement: 'k',
      tags: {},
      fields: { value },
      timeMs,
    });
    await expect(store.write([point(1, 1), point(2, 'text')])).rejects.toThrow(/holds a number/);
    expect(await store.series('k')).toEqual([]);
    await store.write([point(1, 'now a text')]);
  });

  it.each([
    ['of a newer version', (path: string) => new DatabaseSync(path).exec('PRAGMA user_version = 99'), /version 99/],
    [
      'of another program',
      (path: string) => new DatabaseSync(path).exec('CREATE TABLE t (x)'),
      /not a Forescale store/,
    ],
    ['that is no database', (path: string) => writeFileSync(path, 'x'.repeat(5_000)), /cannot be opened/],
  ])('refuses a file %s in one line', async (_, make, message) => {
    const path = join(directory, `${++count}.db`);
    make(path);
    const error: Error = await createSqliteStore({ path }).then(
      () => new Error('opened'),
      (reason: unknown) => reason as Error,
    );
    expect(error).toBeInstanceOf(SqliteFileError);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(path);
    expect(error.message).not.toContain('\n');
  });

  it('removes points older than the retention, and series that have none left', async () => {
    const clock = new ManualClock(100 * DAY_MS);
    const store = await createSqliteStore({ path: ':memory:', retentionDays: 7, clock });
    const point = (pool: string, day: number) => ({
      measurement: 'kpi',
      tags: { pool },
      fields: { value: day, text: 'x' },
      timeMs: day * DAY_MS,
    });
    await store.write([point('old', 94), point('both', 94), point('both', 100)]);
    clock.advanceTo(102 * DAY_MS);
    await store.write([point('new', 102)]);
    expect(await store.series('kpi')).toEqual([{ pool: 'both' }, { pool: 'new' }]);
    const rows = await store.query({ measurement: 'kpi', fields: ['value', 'text'], limit: 9 });
    expect(rows.map((row) => row.fields.value)).toEqual([100, 102]);
  });

  it('answers as a plain filter and sort of all points would', async () => {
    const store = await createSqliteStore({ path: ':memory:' });
    let run = 0;
    const points = fc.array(
      fc.record({
        series: fc.integer({ min: 0, max: 3 }),
        timeMs: fc.integer({ min: 0, max: 12 }),
        field: fc.constantFrom('a', 'b'),
      }),
      { maxLength: 40 },
    );
    const bounds = fc.record({
      fromMs: fc.integer({ min: -1, max: 12 }),
      toMs: fc.integer({ min: 0, max: 13 }),
      limit: fc.integer({ min: 1, max: 20 }),
      descending: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(points, bounds, async (written, { fromMs, toMs, limit, descending }) => {
        const measurement = `m${++run}`;
        await store.write(
          written.map(({ series, timeMs, field }, i) => ({
            measurement,
            tags: { s: `${series}` },
            fields: { [field]: i },
            timeMs,
          })),
        );
        const order = descending ? ('descending' as const) : ('ascending' as const);
        const rows = await store.query({ measurement, fields: ['a', 'b'], fromMs, toMs, limit, order });
        const wanted = new Map<string, { timeMs: number; fields: Record<string, number> }>();
        for (const [i, { series, timeMs, field }] of written.entries()) {
          if (timeMs <= fromMs || timeMs > toMs) continue;
          const key = `${series} ${timeMs}`;
          wanted.set(key, { timeMs, fields: { ...wanted.get(key)?.fields, [field]: i } });
        }
        const times = [...wanted.values()].map((row) => row.timeMs).sort((a, b) => (descending ? b - a : a - b));
        expect(rows.map((row) => row.timeMs)).toEqual(times.slice(0, limit));
        for (const row of rows) expect(row.fields).toEqual(wanted.get(`${row.tags.s} ${row.timeMs}`)?.fields);
        expect(new Set(rows.map((row) => `${row.tags.s} ${row.timeMs}`)).size).toBe(rows.length);
      }),
      { numRuns: 200 },
    );
  });
});
