import { describe, expect, it } from 'vitest';
import { SourceBook } from './source-book.ts';

const MINUTE_MS = 60_000;
const reading = (newestMs: number | null, more: object = {}) => ({
  ...{ accepted: newestMs === null ? 0 : 1, refused: 0, flagged: 0, newestMs },
  ...more,
});
const stateOf = (book: SourceBook, nowMs: number) => book.all(nowMs).map(({ name, state }) => `${name}: ${state}`);

describe('sources', () => {
  it('one that is asked is stale after three intervals without a sample, and well with the next', () => {
    const book = new SourceBook();
    book.expect('prometheus main', MINUTE_MS, 0);
    expect(stateOf(book, 3 * MINUTE_MS)).toEqual(['prometheus main: ok']);
    expect(stateOf(book, 3 * MINUTE_MS + 1)).toEqual(['prometheus main: stale']);
    book.read('prometheus main', MINUTE_MS, reading(4 * MINUTE_MS), 4 * MINUTE_MS);
    expect(stateOf(book, 5 * MINUTE_MS)).toEqual(['prometheus main: ok']);
  });

  it('one that cannot be asked is away, and says why, until it can', () => {
    const book = new SourceBook();
    book.expect('kubernetes', MINUTE_MS, 0);
    book.asked('kubernetes', { ok: false, reason: 'ECONNREFUSED' }, 0);
    expect(book.all(10 * MINUTE_MS)[0]).toMatchObject({ state: 'away', reason: 'ECONNREFUSED' });
    book.asked('kubernetes', { ok: true }, 10 * MINUTE_MS);
    expect(book.all(11 * MINUTE_MS)[0]).toMatchObject({ state: 'ok', reason: null });
  });

  it('one that sends is known from its first message on; what it says may all be refused', () => {
    const book = new SourceBook();
    book.read('push', MINUTE_MS, reading(null, { refused: 3 }), 0);
    expect(book.all(0)[0]).toMatchObject({ name: 'push', state: 'refusing', samples: 0, refused: 3, newestMs: null });
    book.read('push', MINUTE_MS, reading(5, { refused: 1, flagged: 1 }), 7);
    expect(book.all(7)[0]).toMatchObject({ state: 'ok', samples: 1, refused: 4, flagged: 1, newestMs: 5, lagMs: 2 });
  });

  it('says how far a clock is ahead', () => {
    const book = new SourceBook();
    book.read('nats', MINUTE_MS, reading(9_000), 2_000);
    expect(book.all(2_000)[0]?.lagMs).toBe(-7_000);
  });
});
