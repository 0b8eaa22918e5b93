import type { Lease, StoredLease } from './lease.ts';

/**
 * As Kubernetes' own components have them. A leader stops `durationMs - actWithinMs` = 5 s before anybody may take over,
 * so that calls under way can end; clocks that run 20 % fast or slow against each other still keep the order.
 */
export const ELECTION_TIMING = { durationMs: 15_000, actWithinMs: 10_000, retryMs: 2_000 } as const;

/** Readings further apart say nothing of the time between them: a lease may have been made and deleted in it. */
const READINGS_APART_MS_MAX = 10_000;

export interface ElectionTiming {
  /** How long a lease that nobody renews stays its holder's. */
  readonly durationMs: number;
  /** How long after its last renewal a leader may act. */
  readonly actWithinMs: number;
  readonly retryMs: number;
}

/** What one process knows of the election. All times are by its own steady clock. */
export interface ElectionState {
  /** The lease as it was last, and when that was new to us. Null: none was ever seen. */
  readonly seen: { readonly lease: Lease; readonly sinceMs: number } | null;
  /** What the next write names; null: there is no lease; undefined: not known, and to be read first. */
  readonly version: string | null | undefined;
  /** Since when no reading has found a lease, and when the last of these was; null: the last one has found it. */
  readonly absent: { readonly sinceMs: number; readonly lastMs: number } | null;
  /** Null: this process does not hold the lease, as far as it knows. */
  readonly led: { readonly term: number; readonly untilMs: number } | null;
}

export const START: ElectionState = { seen: null, version: undefined, absent: null, led: null };

/** After a reading that was answered at `nowMs`. */
export function afterRead(state: ElectionState, lease: StoredLease | null, self: string, nowMs: number): ElectionState {
  if (lease === null) {
    const { absent } = state;
    const sinceMs = absent !== null && nowMs - absent.lastMs < READINGS_APART_MS_MAX ? absent.sinceMs : nowMs;
    return { ...state, version: null, absent: { sinceMs, lastMs: nowMs } };
  }
  const sinceMs = state.seen !== null && isSame(state.seen.lease, lease) ? state.seen.sinceMs : nowMs;
  const led = lease.holder === self ? state.led : null;
  return { seen: { lease, sinceMs }, version: lease.version, absent: null, led };
}

/** After a write that was sent at `sentMs` and carried out: others can only have seen it later than that. */
export function afterWrite(lease: StoredLease, sentMs: number, actWithinMs: number): ElectionState {
  const led = { term: lease.transitions, untilMs: sentMs + actWithinMs };
  return { seen: { lease, sinceMs: sentMs }, version: lease.version, absent: null, led };
}

/** After a write that came too late, or whose answer was lost. What was written last still counts until its time is over. */
export function afterDoubt(state: ElectionState): ElectionState {
  return { ...state, version: undefined };
}

/** The term in which this process may act; null: it may not. */
export function termAt({ led }: ElectionState, nowMs: number): number | null {
  return led !== null && nowMs < led.untilMs ? led.term : null;
}

/**
 * When the lease may be taken; null: it is free, or ours. Where there is none it may just have been deleted, with a
 * leader that does not know yet and that this process has never seen: its time is waited for, and it makes the lease
 * anew before that is over.
 */
function takeoverMs(state: ElectionState, self: string, nowMs: number, durationMs: number): number | null {
  const { seen, absent } = state;
  if (absent !== null) return termAt(state, nowMs) === null ? absent.sinceMs + durationMs : null;
  if (seen === null || seen.lease.holder === '' || seen.lease.holder === self) return null;
  return seen.sinceMs + seen.lease.durationMs;
}

/**
 * The lease that this process wants to write now; null: it is, or may be, somebody else's. `termMin`: lower terms are
 * known to be over, as after a Lease that was deleted counts from 0 again. `time` is what the lease shows to people.
 */
export function bid(
  state: ElectionState,
  self: string,
  nowMs: number,
  termMin: number,
  time: string,
  durationMs: number,
): Lease | null {
  const freeMs = takeoverMs(state, self, nowMs, durationMs);
  if (freeMs !== null && nowMs < freeMs) return null;
  const before = state.seen?.lease ?? null;
  if (before?.holder === self)
    return { ...before, durationMs, transitions: Math.max(before.transitions, termMin), renewed: time };
  const transitions = Math.max(before === null ? 0 : before.transitions + 1, termMin);
  return { holder: self, durationMs, transitions, acquired: time, renewed: time };
}

/** How long to wait for the next look. `chance` in [0, 1) keeps many followers from coming at once. */
export function waitMs(
  state: ElectionState,
  self: string,
  nowMs: number,
  chance: number,
  { retryMs, durationMs }: ElectionTiming,
): number {
  if (termAt(state, nowMs) !== null) return retryMs;
  const ordinaryMs = retryMs * (1 + 0.2 * chance);
  const freeMs = takeoverMs(state, self, nowMs, durationMs);
  // At the moment at which the lease may be taken, rather than up to a whole wait later.
  if (freeMs !== null && freeMs > nowMs) return Math.min(ordinaryMs, freeMs - nowMs + 0.05 * retryMs * chance);
  return ordinaryMs;
}

function isSame(a: Lease, b: Lease): boolean {
  return a.holder === b.holder && a.renewed === b.renewed && a.transitions === b.transitions;
}
