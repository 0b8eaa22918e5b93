import { REFUSED_MARK_MS } from '../plan/index.ts';

/**
 * What an error of a provider means. Every adapter translates its API's codes into one of these and nothing else:
 * - `capacity`: there is no such machine now; another offering may have one.
 * - `quota`: the account may not have more of these.
 * - `throttled`: too many calls; the same call later succeeds.
 * - `transient`: 5xx, time-out, reset. The call may have been carried out, so only its own token may repeat it.
 * - `auth`: nobody is let in until a human changes something.
 * - `config`: the request is wrong and stays wrong.
 * - `conflict`: it exists already; look for it and adopt it.
 * - `fenced`: not from a provider: the call was not sent, since another process may act in the place of this one.
 */
export type ErrorClass = 'capacity' | 'quota' | 'throttled' | 'transient' | 'auth' | 'config' | 'conflict' | 'fenced';

export interface ErrorMeaning {
  /** The same call with the same token may be sent again at once (after a back-off). */
  readonly retried: boolean;
  /** `counts`: one of the consecutive failures that open the breaker; `opens`: opens it by itself. */
  readonly breaker: 'ignored' | 'counts' | 'opens';
  /** The call may have been carried out although it failed: nobody may conclude that there is no machine. */
  readonly ambiguous: boolean;
  /** The offering is left alone for a while, and planning takes another one at once. */
  readonly marksOffering: boolean;
}

export const ERROR_MEANINGS: Readonly<Record<ErrorClass, ErrorMeaning>> = {
  capacity: { retried: false, breaker: 'ignored', ambiguous: false, marksOffering: true },
  quota: { retried: false, breaker: 'ignored', ambiguous: false, marksOffering: true },
  throttled: { retried: true, breaker: 'ignored', ambiguous: false, marksOffering: false },
  transient: { retried: true, breaker: 'counts', ambiguous: true, marksOffering: false },
  auth: { retried: false, breaker: 'opens', ambiguous: false, marksOffering: false },
  config: { retried: false, breaker: 'ignored', ambiguous: false, marksOffering: true },
  conflict: { retried: false, breaker: 'ignored', ambiguous: true, marksOffering: false },
  // Whoever leads now may have carried it out.
  fenced: { retried: false, breaker: 'ignored', ambiguous: true, marksOffering: false },
};

/**
 * For how long an offering is left alone, and which others with it: all of its zone, all spot ones of its region, or all of
 * its region.
 */
export interface Mark {
  readonly ms: number;
  readonly scope: 'offering' | 'zone' | 'spot' | 'region';
}

/** Where the provider knows no better. */
export const MARK_MS = REFUSED_MARK_MS;
export const QUOTA_MARK_MS = 10 * 60_000;

interface ProviderErrorOptions extends ErrorOptions {
  readonly retryAfterMs?: number;
  readonly mark?: Mark;
  readonly ambiguous?: boolean;
}

/** One failure of a provider, classified. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly errorClass: ErrorClass;
  /** What the provider itself asked for. */
  readonly retryAfterMs: number | null;
  /** Null: of a class that marks no offering. */
  readonly mark: Mark | null;
  /** This call, or one before it with the same token, may have been carried out. */
  readonly ambiguous: boolean;

  constructor(errorClass: ErrorClass, message: string, options: ProviderErrorOptions = {}) {
    super(message, options);
    this.errorClass = errorClass;
    this.retryAfterMs = options.retryAfterMs ?? null;
    const defaultMark: Mark = { ms: errorClass === 'quota' ? QUOTA_MARK_MS : MARK_MS, scope: 'offering' };
    this.mark = ERROR_MEANINGS[errorClass].marksOffering ? (options.mark ?? defaultMark) : null;
    this.ambiguous = options.ambiguous ?? ERROR_MEANINGS[errorClass].ambiguous;
  }

  /** The same failure, of a call that was repeated: one before it may have been carried out. */
  withAmbiguity(ambiguous: boolean): ProviderError {
    const { errorClass, message, retryAfterMs, mark } = this;
    return new ProviderError(errorClass, message, {
      cause: this,
      ambiguous: this.ambiguous || ambiguous,
      ...(retryAfterMs !== null && { retryAfterMs }),
      ...(mark !== null && { mark }),
    });
  }
}

/** The failure as a `ProviderError`: what an adapter did not classify may have been carried out. */
export function asProviderError(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  return new ProviderError('transient', error instanceof Error ? error.message : String(error), { cause: error });
}
