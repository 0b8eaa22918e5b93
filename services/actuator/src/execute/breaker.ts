import type { Clock } from '@forescale/shared/time';
import { type CircuitBreakerPolicy, CircuitState, circuitBreaker, handleWhen, type IBackoff } from 'cockatiel';
import { ERROR_MEANINGS, ProviderError } from '../providers/errors.ts';

export interface BreakerLimits {
  /** Consecutive failures that open it. */
  readonly failuresMax: number;
  /** How long it stays open before one call is let through as a probe. */
  readonly openMs: number;
}

/**
 * A circuit breaker on the service's own clock. What an error means for it stands in `ERROR_MEANINGS`: capacity and
 * quota neither open it nor count as a success that would close it; `auth` opens it by itself.
 *
 * cockatiel measures the open time with the machine's clock, which a replayed day outruns. It reads the `duration` of
 * the back-off at every call, so a back-off that asks our clock (forever, until the time has come; then 0) moves it
 * over. While one probe is under way cockatiel holds the other calls back and then lets them through or fails them.
 */
export function breakerOnClock(limits: BreakerLimits, clock: Clock): CircuitBreakerPolicy {
  let openUntilMs = 0;
  let opensAtOnce = false;
  const backoff: IBackoff<unknown> = {
    get duration() {
      return clock.nowMs() < openUntilMs ? Number.POSITIVE_INFINITY : 0;
    },
    next: () => backoff,
  };
  const counted = handleWhen((error) => {
    const meaning = error instanceof ProviderError ? ERROR_MEANINGS[error.errorClass].breaker : 'ignored';
    opensAtOnce = meaning === 'opens';
    return meaning !== 'ignored';
  });
  const breaker = circuitBreaker(counted, {
    halfOpenAfter: { next: () => backoff },
    breaker: {
      state: 0,
      success() {
        this.state = 0;
      },
      failure() {
        this.state = Number(this.state) + 1;
        return opensAtOnce || Number(this.state) >= limits.failuresMax;
      },
    },
  });
  breaker.onBreak(() => {
    openUntilMs = clock.nowMs() + limits.openMs;
  });
  return breaker;
}

/** As a metric shows it: 0 closed, 1 half-open, 2 open. */
export function breakerGauge(breaker: CircuitBreakerPolicy): 0 | 1 | 2 {
  if (breaker.state === CircuitState.Closed) return 0;
  return breaker.state === CircuitState.HalfOpen ? 1 : 2;
}
