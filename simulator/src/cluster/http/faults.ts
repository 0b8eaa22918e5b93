import type { Random } from '@forescale/shared/time';

/** What a fault does to a request that it hits. */
export type FaultAction =
  /** Answers with a `Status` of this code, and `Retry-After` where given; the request is not carried out. */
  | { readonly kind: 'respond'; readonly status: number; readonly retryAfterSeconds?: number }
  /** Carries the request out, but only after a while of wall time. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Resets the connection; with `when: 'after'` the request has been carried out, and only its answer is lost. */
  | { readonly kind: 'reset'; readonly when: 'before' | 'after' }
  /** Accepts the request and never answers, on a connection that stays open; `when` as for `reset`. */
  | { readonly kind: 'hang'; readonly when: 'before' | 'after' }
  /** Carries the request out and sends this share of its answer; `close` makes it look complete. */
  | { readonly kind: 'cut'; readonly share: number; readonly end: 'reset' | 'close' | 'hang' }
  /** Carries the request out and sends its answer byte by byte, one each so many milliseconds of wall time. */
  | { readonly kind: 'trickle'; readonly everyMs: number }
  /** Carries the request out and answers with what is no JSON (`body`), or not even HTTP (`protocol`). */
  | { readonly kind: 'garbage'; readonly of: 'body' | 'protocol' }
  | WatchFault;

/** What a fault does to a watch. */
export type WatchFault =
  /**
   * Ends it after so many events: by a reset, by a clean close, by silence on an open connection, within the line of
   * the next event (`tear`), or with an `ERROR` of 410 (`expire`).
   */
  | {
      readonly kind: 'watch';
      readonly end: 'reset' | 'close' | 'silence' | 'tear' | 'expire';
      readonly afterEvents: number;
    }
  /** Spoils the line of the event after so many, and goes on as if nothing had been. */
  | { readonly kind: 'garble'; readonly afterEvents: number }
  /** Tells every event twice, and after it the last few once more. */
  | { readonly kind: 'echo' };

export interface FaultRule {
  /** HTTP methods; absent: all. */
  readonly methods?: readonly string[];
  /** Matched against path and query; absent: all. */
  readonly path?: RegExp;
  /** Lets this many matching requests pass first; 0 when absent. */
  readonly skip?: number;
  /** Hits at most this many; absent: no limit. */
  readonly times?: number;
  /** Hits this share of what is left, drawn from the cluster's seed; 1 when absent. */
  readonly share?: number;
  readonly action: FaultAction;
}

export interface InstalledFault {
  /** How many requests it has hit. */
  readonly hits: () => number;
  remove(): void;
}

/** What can only happen to a watch, and what only to an answer that has an end. */
const OF_WATCHES: ReadonlySet<FaultAction['kind']> = new Set(['watch', 'garble', 'echo']);
const OF_ANSWERS: ReadonlySet<FaultAction['kind']> = new Set(['cut', 'trickle', 'garbage']);

interface RuleState {
  readonly rule: FaultRule;
  seen: number;
  hits: number;
}

/** Rules for what goes wrong between a client and the server. The first rule that hits a request decides. */
export class Faults {
  readonly #random: Random;
  readonly #rules = new Set<RuleState>();

  constructor(random: Random) {
    this.#random = random;
  }

  add(rule: FaultRule): InstalledFault {
    const state: RuleState = { rule, seen: 0, hits: 0 };
    this.#rules.add(state);
    return { hits: () => state.hits, remove: () => this.#rules.delete(state) };
  }

  clear(): void {
    this.#rules.clear();
  }

  /** The fault of this request, if any; asking counts as a hit. */
  take(method: string, pathAndQuery: string, watching: boolean): FaultAction | null {
    for (const state of this.#rules) {
      const { rule } = state;
      if ((watching ? OF_ANSWERS : OF_WATCHES).has(rule.action.kind)) continue;
      if (rule.methods !== undefined && !rule.methods.includes(method)) continue;
      if (rule.path !== undefined && !rule.path.test(pathAndQuery)) continue;
      state.seen++;
      if (state.seen <= (rule.skip ?? 0) || state.hits >= (rule.times ?? Number.POSITIVE_INFINITY)) continue;
      if (rule.share !== undefined && this.#random.next() >= rule.share) continue;
      state.hits++;
      return rule.action;
    }
    return null;
  }
}
