import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StateConflictError, StateRejectedError, StateUnavailableError } from './errors.ts';
import type { StateBucket } from './state.ts';

/** What every bucket must do. `open` gives another handle on the same bucket; where that cannot be, the same handle. */
export function describeState(name: string, open: () => Promise<StateBucket>): void {
  describe(`${name}: state`, () => {
    let state: StateBucket;
    let other: StateBucket;
    let count = 0;
    const fresh = () => `key-${++count}`;
    beforeAll(async () => {
      state = await open();
      other = await open();
    });
    afterAll(async () => {
      await state.close();
      await other.close();
    });

    describeEntries(() => [state, other], fresh);
    describeCompareAndSet(() => [state, other], fresh);

    it('is healthy while open; closed, it says so and takes nothing', async () => {
      expect(await state.health()).toEqual({ ok: true });
      await state.close();
      await state.close();
      expect(await state.health()).toMatchObject({ ok: false });
      await expect(state.get('a')).rejects.toThrow(StateUnavailableError);
      await expect(state.put('a', bytes('x'))).rejects.toThrow(StateUnavailableError);
      await expect(state.compareAndSet('a', bytes('x'), 0)).rejects.toThrow(StateUnavailableError);
      await expect(state.delete('a')).rejects.toThrow(StateUnavailableError);
      await expect(state.keys('')).rejects.toThrow(StateUnavailableError);
    });
  });
}

type Handles = () => readonly [StateBucket, StateBucket];

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined) => value && new TextDecoder().decode(value);

function describeEntries(handles: Handles, fresh: () => string): void {
  it('what was put is there for everybody; nothing else is', async () => {
    const [state, other] = handles();
    const key = fresh();
    expect(await state.get(key)).toBeNull();
    const first = await state.put(key, bytes('one'));
    const second = await other.put(key, bytes('two'));
    expect(second).toBeGreaterThan(first);
    const entry = await state.get(key);
    expect([text(entry?.value), entry?.revision]).toEqual(['two', second]);
  });

  it.each([0, 1, 512 * 1024])('a value of %d bytes comes back as it went', async (length) => {
    const [state, other] = handles();
    const key = fresh();
    const value = Uint8Array.from({ length }, (_, i) => i % 256);
    await state.put(key, value);
    expect(Buffer.compare((await other.get(key))?.value ?? bytes('absent'), value)).toBe(0);
  });

  it('a buffer may be used again, by writer and by reader', async () => {
    const [state] = handles();
    const key = fresh();
    const buffer = bytes('kept');
    await state.put(key, buffer);
    buffer.fill(0);
    (await state.get(key))?.value.fill(0);
    expect(text((await state.get(key))?.value)).toBe('kept');
  });

  it('what was deleted is gone; to delete what is not there is fine', async () => {
    const [state, other] = handles();
    const key = fresh();
    await state.put(key, bytes('x'));
    await other.delete(key);
    expect(await state.get(key)).toBeNull();
    expect(await state.keys(key)).toEqual([]);
    await state.delete(key);
    await state.delete(fresh());
  });

  it('keys: those that begin with the prefix, in order', async () => {
    const [state, other] = handles();
    const root = fresh();
    const keys = ['b', 'a.2', 'a.10', 'a', 'aa', 'gone', 'B', 'a-b', '_', 'a=c'].map((name) => `${root}.${name}`);
    for (const key of keys) await state.put(key, bytes(key));
    await state.delete(`${root}.gone`);
    const left = keys.filter((key) => !key.endsWith('gone')).sort();
    expect(await other.keys(`${root}.`)).toEqual(left);
    expect(await other.keys(`${root}.a`)).toEqual(left.filter((key) => key.startsWith(`${root}.a`)));
    expect(await other.keys(`${root}.a.`)).toEqual([`${root}.a.10`, `${root}.a.2`]);
    expect(await other.keys(`${root}.none`)).toEqual([]);
    expect(await other.keys('')).toEqual(expect.arrayContaining(left));
  });

  it.each(['', '.', '.a', 'a.', 'a..b', 'a b', 'a/b', 'ü', 'a*', 'a.>', 'a\n', 'x'.repeat(201)])(
    'refuses the key %j',
    async (key) => {
      const [state] = handles();
      await expect(state.get(key)).rejects.toThrow(StateRejectedError);
      await expect(state.put(key, bytes('x'))).rejects.toThrow(StateRejectedError);
      await expect(state.compareAndSet(key, bytes('x'), 0)).rejects.toThrow(StateRejectedError);
      await expect(state.delete(key)).rejects.toThrow(StateRejectedError);
    },
  );

  it('takes a key of 200 characters, and refuses a value of more than 512 KiB', async () => {
    const [state] = handles();
    const key = 'x'.repeat(200);
    await state.put(key, bytes('x'));
    expect(await state.keys('xxx')).toEqual([key]);
    await expect(state.put(fresh(), new Uint8Array(512 * 1024 + 1))).rejects.toThrow(StateRejectedError);
  });
}

function describeCompareAndSet(handles: Handles, fresh: () => string): void {
  it('writes when nobody has written in between, and says so when somebody has', async () => {
    const [state, other] = handles();
    const key = fresh();
    const created = await state.compareAndSet(key, bytes('1'), 0);
    await expect(other.compareAndSet(key, bytes('lost'), 0)).rejects.toThrow(StateConflictError);
    const changed = await other.compareAndSet(key, bytes('2'), created);
    expect(changed).toBeGreaterThan(created);
    await expect(state.compareAndSet(key, bytes('lost'), created)).rejects.toThrow(StateConflictError);
    await expect(state.compareAndSet(key, bytes('lost'), changed + 1_000)).rejects.toThrow(StateConflictError);
    expect(await state.get(key)).toEqual({ value: bytes('2'), revision: changed });
  });

  it('what was deleted does not exist: 0 makes it anew, an old revision does not', async () => {
    const [state, other] = handles();
    const key = fresh();
    const first = await state.compareAndSet(key, bytes('1'), 0);
    await state.delete(key);
    await expect(other.compareAndSet(key, bytes('lost'), first)).rejects.toThrow(StateConflictError);
    const again = await other.compareAndSet(key, bytes('2'), 0);
    expect(again).toBeGreaterThan(first);
    await expect(state.compareAndSet(key, bytes('lost'), 0)).rejects.toThrow(StateConflictError);
    expect(text((await state.get(key))?.value)).toBe('2');
    await state.delete(key);
    await state.delete(key);
    await state.compareAndSet(key, bytes('3'), 0);
  });

  it('deletes only the entry that is meant, where that is said', async () => {
    const [state, other] = handles();
    const key = fresh();
    const first = await state.put(key, bytes('1'));
    const second = await other.put(key, bytes('2'));
    await expect(state.delete(key, first)).rejects.toThrow(StateConflictError);
    expect(text((await state.get(key))?.value)).toBe('2');
    await state.delete(key, second);
    expect(await other.get(key)).toBeNull();
    await other.delete(key, second);
    await other.delete(fresh(), 1);
  });

  it('of two that race, one wins each time', async () => {
    const key = fresh();
    const raise = async (state: StateBucket) => {
      for (let done = 0; done < 20; ) {
        const entry = await state.get(key);
        const next = Number(text(entry?.value) ?? 0) + 1;
        const won = await state.compareAndSet(key, bytes(`${next}`), entry?.revision ?? 0).then(
          () => true,
          (error: unknown) => {
            if (!(error instanceof StateConflictError)) throw error;
            return false;
          },
        );
        if (won) done++;
      }
    };
    const [state, other] = handles();
    await Promise.all([raise(state), raise(other), raise(state)]);
    expect(text((await state.get(key))?.value)).toBe('60');
  });

  it('of many that create at once, one does', async () => {
    const key = fresh();
    const [state, other] = handles();
    const creators = [state, other, state, other, state].map((one, i) => one.compareAndSet(key, bytes(`${i}`), 0));
    const results = await Promise.allSettled(creators);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(StateConflictError);
    }
  });

  it('refuses a revision that is none', async () => {
    const [state] = handles();
    for (const revision of [-1, 0.5, Number.NaN]) {
      await expect(state.compareAndSet(fresh(), bytes('x'), revision)).rejects.toThrow(StateRejectedError);
      await expect(state.delete(fresh(), revision)).rejects.toThrow(StateRejectedError);
    }
  });
}
