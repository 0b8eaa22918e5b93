import type { Random } from '@forescale/shared/time';

/** What a fault does to a request that it hits. */
export type FaultAction =
  /** Answers with a `Status` of this code, and `Retry-After` where given; the request is not carried out. */
  | { readonly kind: 'respond'; readonly status: number; readonly retryAfterSeconds?: number }
  /** Carries the request out, but only after a while of wall time. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Resets the connection; with `when: 'after'` the request has been carried out, and only its answer is lost. */
  | { readonly kind: 'reset'; readonly when: 'before' | 'after' }
  /** Ends a watch after so many events: by a reset, by a clean close, or by silence on an open connection. */
  | { readonly kind: 'watch'; readonly end: 'reset' | 'close' | 'silence'; readonly afterEvents: number };

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
      if (rule.action.kind === 'watch' && !watching) continue;
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
