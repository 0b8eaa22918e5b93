import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { createSqliteStore, SqliteFileError } from '../store/index.ts';
import { describeState } from './conformance.ts';
import { StateConflictError, StateUnavailableError } from './errors.ts';
import { createMemoryState } from './memory-state.ts';
import { createSqliteState } from './sqlite-state.ts';

const directory = mkdtempSync(join(tmpdir(), 'forescale-state-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let count = 0;
const freshPath = () => join(directory, `${++count}.db`);

const memory = createMemoryState();
describeState('memory', async () => memory);
const shared = freshPath();
describeState('SQLite', () => createSqliteState({ path: shared, bucket: 'b' }));

const bytes = (text: string) => new TextEncoder().encode(text);

describe('SQLite state', () => {
  it('keeps entries and revisions over a reopening, each bucket its own', async () => {
    const path = freshPath();
    const first = await createSqliteState({ path, bucket: 'one' });
    const revision = await first.put('a', bytes('x'));
    await first.put('gone', bytes('x'));
    await first.delete('gone');
    await first.close();
    const again = await createSqliteState({ path, bucket: 'one' });
    const other = await createSqliteState({ path, bucket: 'two' });
    expect(await again.get('a')).toEqual({ value: bytes('x'), revision });
    expect(await again.compareAndSet('gone', bytes('y'), 0)).toBeGreaterThan(revision + 1);
    expect(await other.keys('')).toEqual([]);
    await again.close();
    await other.close();
  });

  it('writes that come together are one commit, and one that is refused holds up no other', async () => {
    const path = freshPath();
    const state = await createSqliteState({ path, bucket: 'b' });
    await state.put('taken', bytes('x'));
    const before = statSync(`${path}-wal`).size;
    const writes = Array.from({ length: 100 }, (_, i) => state.compareAndSet(`key-${i}`, bytes('x'), 0));
    const refused = state.compareAndSet('taken', bytes('y'), 0);
    const gone = state.delete('key-7');
    await expect(refused).rejects.toThrow(StateConflictError);
    const revisions = await Promise.all(writes);
    await gone;
    expect(new Set(revisions).size).toBe(100);
    expect(await state.keys('key-')).toHaveLength(99);
    // A commit of its own for each would be 200 pages of 4,120 bytes at least.
    expect(statSync(`${path}-wal`).size - before).toBeLessThan(50 * 4_120);
    await state.close();
  });

  it('what was taken before it is closed is written', async () => {
    const path = freshPath();
    const state = await createSqliteState({ path, bucket: 'b' });
    const write = state.put('a', bytes('x'));
    await state.close();
    const revision = await write;
    const again = await createSqliteState({ path, bucket: 'b' });
    expect(await again.get('a')).toEqual({ value: bytes('x'), revision });
    await again.close();
  });

  it('a file that another process keeps locked is unavailable', async () => {
    const path = freshPath();
    const state = await createSqliteState({ path, bucket: 'b' });
    const lock = new DatabaseSync(path);
    lock.exec('BEGIN IMMEDIATE');
    await expect(state.put('a', bytes('x'))).rejects.toThrow(StateUnavailableError);
    lock.close();
    await state.put('a', bytes('x'));
    await state.close();
  });

  it("does not take a store's file for its own", async () => {
    const path = freshPath();
    await (await createSqliteStore({ path })).close();
    await expect(createSqliteState({ path, bucket: 'b' })).rejects.toThrow(SqliteFileError);
  });
});
