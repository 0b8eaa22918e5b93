import { describe, expect, it } from 'vitest';
import {
  afterDoubt,
  afterRead,
  afterWrite,
  bid,
  ELECTION_TIMING,
  type ElectionState,
  START,
  termAt,
  waitMs,
} from './election.ts';
import type { Lease, StoredLease } from './lease.ts';

const { durationMs, actWithinMs } = ELECTION_TIMING;
const NOW_MS = 1_000_000;
const TIME = '2026-03-02T09:00:00.000000Z';

function stored(change: Partial<StoredLease> = {}): StoredLease {
  return { holder: 'b', durationMs, transitions: 3, acquired: 'then', renewed: 'r1', version: 'v1', ...change };
}

const read = (state: ElectionState, lease: StoredLease | null, nowMs = NOW_MS) => afterRead(state, lease, 'a', nowMs);
const wanted = (state: ElectionState, nowMs: number, termMin = 0) => bid(state, 'a', nowMs, termMin, TIME, durationMs);
/** Gone 5 s later. */
const absent = (state: ElectionState, afterMs = 5_000) => read(state, null, NOW_MS + afterMs);
const written = (lease: StoredLease, sentMs = NOW_MS) => afterWrite(lease, sentMs, actWithinMs);

describe('election: what a process wants to write', () => {
  const ranOut = written(stored({ holder: 'a' }));
  it.each<[what: string, state: ElectionState, afterMs: number, expected: Partial<Lease> | null]>([
    ['there is no lease: somebody may lead whom it was deleted from', read(START, null), durationMs - 1, null],
    ['… and by now would have made it anew', read(START, null), durationMs, { transitions: 0, acquired: TIME }],
    ['nobody holds it: the next term', read(START, stored({ holder: '' })), 0, { holder: 'a', transitions: 4 }],
    ['somebody holds it, seen now', read(START, stored()), 0, null],
    ['somebody holds it, seen just under its duration ago', read(START, stored()), durationMs - 1, null],
    ['it was not seen to change for its duration', read(START, stored()), durationMs, { holder: 'a', transitions: 4 }],
    ['its holder asked for longer', read(START, stored({ durationMs: 60_000 })), 59_999, null],
    ['it is ours: renewed', read(START, stored({ holder: 'a' })), 0, { holder: 'a', transitions: 3, acquired: 'then' }],
    ['it is ours and ran out, and nobody took it', written(stored({ holder: 'a' })), 99_000, { transitions: 3 }],
    ['it was deleted while somebody held it', absent(read(START, stored())), 5_000 + durationMs - 1, null],
    ['… and nobody made it anew', absent(read(START, stored())), 5_000 + durationMs, { transitions: 4 }],
    ['looked for every few seconds', absent(absent(absent(START, 0), 8_000), 15_000), durationMs, { transitions: 0 }],
    ['not looked for in between', absent(absent(START, 0), 15_000), 15_000 + durationMs - 1, null],
    ['it was deleted while we led: made anew', absent(written(stored({ holder: 'a' }))), 9_999, { transitions: 3 }],
    ['… but we had not renewed it', absent(written(stored({ holder: 'a' }))), 10_000, null],
    ['it was deleted after it ran out: others may have led since', read(ranOut, null, NOW_MS + 60_000), 60_000, null],
  ])('%s', (_, state, afterMs, expected) => {
    const lease = wanted(state, NOW_MS + afterMs);
    if (expected === null) expect(lease).toBeNull();
    else expect(lease).toMatchObject({ ...expected, renewed: TIME, durationMs });
  });

  it.each<[what: string, again: StoredLease, waitsFromMs: number]>([
    ['renewed: waited for anew', stored({ renewed: 'r2', version: 'v2' }), 9_000],
    ['another holder: waited for anew', stored({ holder: 'c', transitions: 4, version: 'v2' }), 9_000],
    ['only labelled: the time goes on', stored({ version: 'v2' }), 0],
  ])('seen 9 s later, %s', (_, again, waitsFromMs) => {
    const state = read(read(START, stored()), again, NOW_MS + 9_000);
    expect(wanted(state, NOW_MS + waitsFromMs + durationMs - 1)).toBeNull();
    expect(wanted(state, NOW_MS + waitsFromMs + durationMs)).not.toBeNull();
    expect(state.version).toBe('v2');
  });

  it("times in the lease mean nothing: a holder's clock may be a year off", () => {
    const state = read(
      START,
      stored({ renewed: '2020-01-01T00:00:00.000000Z', acquired: '2030-01-01T00:00:00.000000Z' }),
    );
    expect(wanted(state, NOW_MS + durationMs - 1)).toBeNull();
  });

  it('terms that are known to be over are passed by', () => {
    expect(wanted(read(START, null), NOW_MS + durationMs, 8)?.transitions).toBe(8);
    expect(wanted(read(START, stored({ holder: 'a' })), NOW_MS, 8)?.transitions).toBe(8);
    expect(wanted(read(START, stored({ holder: 'a', transitions: 12 })), NOW_MS, 8)?.transitions).toBe(12);
  });
});

describe('election: who may act', () => {
  const led = written(stored({ holder: 'a' }));

  it.each<[what: string, state: ElectionState, afterMs: number, term: number | null]>([
    ['nothing was written', read(START, stored({ holder: 'a' })), 0, null],
    ['written', led, 0, 3],
    ['the last moment', led, actWithinMs - 1, 3],
    ['not renewed in time', led, actWithinMs, null],
    ['a renewal whose answer was lost: what was written before counts on', afterDoubt(led), actWithinMs - 1, 3],
    ['seen to be still ours', read(led, stored({ holder: 'a', version: 'v9' })), 0, 3],
    ["seen to be another's", read(led, stored()), 0, null],
    ['seen to be nobody’s', read(led, stored({ holder: '' })), 0, null],
    ['seen to be deleted: others wait for longer than this', read(led, null), actWithinMs - 1, 3],
    ['… and no longer', read(led, null), actWithinMs, null],
  ])('%s', (_, state, afterMs, term) => {
    expect(termAt(state, NOW_MS + afterMs)).toBe(term);
  });

  it('the time counts from when the write was sent, not from its answer', () => {
    const sentEarlier = written(stored({ holder: 'a' }), NOW_MS - 4_000);
    expect(termAt(sentEarlier, NOW_MS + actWithinMs - 4_001)).toBe(3);
    expect(termAt(sentEarlier, NOW_MS + actWithinMs - 4_000)).toBeNull();
  });

  it('after a write in doubt the lease is read before anything is written over it', () => {
    expect(afterDoubt(led).version).toBeUndefined();
    expect(read(afterDoubt(led), stored({ holder: 'a', version: 'v7' })).version).toBe('v7');
  });
});

describe('election: when to look again', () => {
  const wait = (state: ElectionState, afterMs: number, chance: number) =>
    waitMs(state, 'a', NOW_MS + afterMs, chance, ELECTION_TIMING);

  it.each<[what: string, state: ElectionState, afterMs: number, chance: number, expected: number]>([
    ['a leader renews steadily', written(stored({ holder: 'a' })), 0, 0.9, 2_000],
    ['a follower looks as often', read(START, stored()), 0, 0, 2_000],
    ['followers spread by a fifth', read(START, stored()), 0, 0.5, 2_200],
    ['at the moment at which it may take over', read(START, stored()), 14_000, 0, 1_000],
    ['many may, and one comes first', read(START, stored()), 14_000, 0.5, 1_050],
    ['it might have already: an ordinary wait', read(START, stored()), 15_000, 0, 2_000],
    ['nothing was ever seen', START, 0, 0.5, 2_200],
    ['at the moment at which a lease that is gone may be made', read(START, null), 14_500, 0, 500],
  ])('%s', (_, state, afterMs, chance, expected) => {
    expect(wait(state, afterMs, chance)).toBe(expected);
  });
});
