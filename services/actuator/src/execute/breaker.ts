import type { Clock } from '@forescale/shared/time';
import { BrokenCircuitError, CircuitState, circuitBreaker, handleAll, type IBackoff } from 'cockatiel';
import { ERROR_MEANINGS, type ErrorMeaning, ProviderError } from '../providers/errors.ts';

export interface BreakerLimits {
  /** Consecutive failures that open it. */
  readonly failuresMax: number;
  /** How long it stays open before one call is let through as a probe. */
  readonly openMs: number;
}

/**
 * A circuit breaker on the service's own clock. What an error means for it stands in `ERROR_MEANINGS`: capacity and
 * quota neither open it nor count as a success that would close it, also of a probe, after which the next call is one;
 * `auth` opens it by itself.
 *
 * cockatiel measures the open time with the machine's clock, which a replayed day outruns. It reads the `duration` of
 * the back-off at every call, so a back-off that asks our clock (forever, until the time has come; then less than any
 * time) moves it over. While one probe is under way cockatiel holds the other calls back and then lets them through or
 * fails them.
 */
export function breakerOnClock(limits: BreakerLimits, clock: Clock) {
  let openUntilMs = 0;
  const isOver = () => {
    const leftMs = openUntilMs - clock.nowMs();
    // Nobody opens it for longer: the clock was set back.
    return leftMs <= 0 || leftMs > limits.openMs;
  };
  const backoff: IBackoff<unknown> = {
    get duration() {
      return isOver() ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    },
    next: () => backoff,
  };
  // cockatiel takes an error that it does not handle for a success of the probe.
  const policy = circuitBreaker(handleAll, {
    halfOpenAfter: { next: () => backoff },
    breaker: {
      state: 0,
      success() {
        this.state = 0;
      },
      failure() {
        const meaning = meaningOf(policy.lastFailure);
        if (meaning === 'ignored') return false;
        this.state = Number(this.state) + 1;
        return meaning === 'opens' || Number(this.state) >= limits.failuresMax;
      },
    },
  });
  policy.onBreak((reason) => {
    if (meaningOf(reason) !== 'ignored') openUntilMs = clock.nowMs() + limits.openMs;
  });
  return {
    execute: <T>(call: () => Promise<T>): Promise<T> => policy.execute(call),
    /** For a call that has waited since it was let through: throws `BrokenCircuitError` when it was opened meanwhile. */
    check(): void {
      if (policy.state === CircuitState.Open && !isOver()) throw new BrokenCircuitError();
    },
    /** As a metric shows it: 0 closed, 1 half-open, 2 open. */
    get gauge(): 0 | 1 | 2 {
      if (policy.state === CircuitState.Closed) return 0;
      return policy.state === CircuitState.HalfOpen ? 1 : 2;
    },
  };
}

function meaningOf(reason: object | undefined): ErrorMeaning['breaker'] {
  const error = reason && 'error' in reason ? reason.error : null;
  return error instanceof ProviderError ? ERROR_MEANINGS[error.errorClass].breaker : 'ignored';
}
