import { parseConfig } from '@forescale/shared/config';
import { describe, expect, it } from 'vitest';
import { SourceBook } from './source-book.ts';
import type { Tally } from './tally.ts';

const MINUTE_MS = 60_000;
const config = parseConfig(
  'autoscaler: { pools: [{ name: web, signals: [{ name: rps }, { name: slow, interval: 10m }] }] }',
  'test',
  {},
);
/** Of signals by the minute of their newest sample. */
const tally = (minutes: Readonly<Record<string, number>>, more: Partial<Tally> = {}): Tally => ({
  ...{ accepted: Object.keys(minutes).length, refused: 0, flagged: 0, refusal: null },
  newestMs: new Map(Object.entries(minutes).map(([signal, minute]) => [`web/${signal}`, minute * MINUTE_MS])),
  ...more,
});
const refused = (refusal: string) => tally({}, { refused: 1, refusal });
const stateOf = (book: SourceBook, minute: number) => {
  const [first] = book.all(minute * MINUTE_MS);
  return first?.reason ? `${first.state}: ${first.reason}` : first?.state;
};

describe('sources', () => {
  it('one that is asked is stale after three intervals without a sample, and well with the next', () => {
    const book = new SourceBook(config);
    book.expect('prometheus main', MINUTE_MS, 0);
    expect(stateOf(book, 3)).toBe('ok');
    expect(stateOf(book, 3.01)).toBe('stale');
    book.read('prometheus main', MINUTE_MS, tally({ other: 4 }), 4 * MINUTE_MS);
    expect(stateOf(book, 5)).toBe('ok');
  });

  it('one that cannot be asked is away, and says why, until it can', () => {
    const book = new SourceBook(config);
    book.expect('kubernetes', MINUTE_MS, 0);
    book.asked('kubernetes', { ok: false, reason: 'ECONNREFUSED' }, 0);
    expect(stateOf(book, 10)).toBe('away: ECONNREFUSED');
    book.asked('kubernetes', { ok: true }, 10 * MINUTE_MS);
    expect(stateOf(book, 11)).toBe('ok');
  });

  it('one that sends is known from its first message on; what it says may all be refused', () => {
    const book = new SourceBook(config);
    book.read('push', null, refused('web/rps: unit = "s"'), 0);
    expect(book.all(0)).toEqual([
      {
        ...{ name: 'push', state: 'refusing', reason: 'web/rps: unit = "s"', newestMs: null, lagMs: null },
        ...{ samples: 0, refused: 1, flagged: 0 },
      },
    ]);
    book.read('push', null, tally({ rps: 1 }, { refused: 1, flagged: 1, refusal: 'no' }), 1.5 * MINUTE_MS);
    expect(book.all(2 * MINUTE_MS)[0]).toMatchObject({
      ...{ state: 'ok', samples: 1, refused: 2, flagged: 1, newestMs: MINUTE_MS, lagMs: 0.5 * MINUTE_MS },
    });
  });

  it('one bad message among good ones makes no source a bad one; nothing but bad ones for an interval does', () => {
    const book = new SourceBook(config);
    book.read('nats', null, tally({ rps: 10 }), 10 * MINUTE_MS);
    book.read('nats', null, refused('no'), 11 * MINUTE_MS);
    expect(stateOf(book, 11)).toBe('ok');
    book.read('nats', null, refused('no'), 20 * MINUTE_MS);
    expect(stateOf(book, 20)).toBe('refusing: no');
    book.expect('kubernetes', MINUTE_MS, 0);
    book.read('kubernetes', MINUTE_MS, tally({ rps: 1 }), MINUTE_MS);
    book.read('kubernetes', MINUTE_MS, refused('no'), 2 * MINUTE_MS);
    expect(book.all(2 * MINUTE_MS)[1]).toMatchObject({ state: 'refusing' });
  });

  it('is judged by its signals: one that went silent is named, each by its own interval', () => {
    const book = new SourceBook(config);
    book.read('nats', null, tally({ rps: 0, slow: 0, unknown: 0 }), 0);
    book.read('nats', null, tally({ slow: 20 }), 20 * MINUTE_MS);
    expect(stateOf(book, 20)).toBe('stale: web/rps: the newest is 20m old');
    book.read('nats', null, tally({ rps: 48 }), 48 * MINUTE_MS);
    expect([stateOf(book, 50), stateOf(book, 50.5)]).toEqual(['ok', 'stale: web/slow: the newest is 30m30s old']);
    expect(stateOf(book, 60)).toBe('stale: web/slow: the newest is 40m old; so of 1 more');
  });

  it('one whose clock is behind is stale for all that it says, and one that is asked seldom is not', () => {
    const book = new SourceBook(config);
    book.read('otlp', null, tally({ rps: 100 }), 104 * MINUTE_MS);
    expect(stateOf(book, 104)).toBe('stale: web/rps: the newest is 4m old');
    const seldom = new SourceBook(config);
    seldom.expect('prometheus main', 5 * MINUTE_MS, 100 * MINUTE_MS);
    seldom.read('prometheus main', 5 * MINUTE_MS, tally({ rps: 100 }), 100 * MINUTE_MS);
    expect([stateOf(seldom, 115), stateOf(seldom, 116)]).toEqual(['ok', 'stale: web/rps: the newest is 16m old']);
  });

  it('says how far a clock is ahead', () => {
    const book = new SourceBook(config);
    book.read('nats', null, tally({ rps: 3 }), 2 * MINUTE_MS);
    expect(book.all(2 * MINUTE_MS)[0]?.lagMs).toBe(-MINUTE_MS);
  });
});
