import { type Clock, type Random, within } from '@forescale/shared/time';
import { BrokenCircuitError, bulkhead } from 'cockatiel';
import { asProviderError, ERROR_MEANINGS, ProviderError } from '../providers/errors.ts';
import { type BreakerLimits, breakerOnClock } from './breaker.ts';
import { gapMsOf, pacer, QuietError, quietTime } from './pace.ts';

export type Operation = 'read' | 'create' | 'delete';
export const OPERATIONS: readonly Operation[] = ['read', 'create', 'delete'];

export interface CallLimits {
  readonly concurrency: number;
  /** Calls a second, evenly spaced; null: unlimited. */
  readonly ratePerSecond: number | null;
  readonly timeoutMs: number;
  /** Repetitions after the first call. */
  readonly retriesMax: number;
  readonly backoffFirstMs: number;
  readonly backoffMaxMs: number;
  readonly breaker: BreakerLimits;
}

/** At most this many calls wait for a slot; a plan of more nodes than that is refused by the configuration. */
const QUEUE_MAX = 10_000;

/**
 * Calls to one provider region: bulkhead( retry( quiet time, breaker( pace, time-out( call )))), one of each per
 * operation, so that a failing create never keeps a machine from being terminated. Rejects with `ProviderError`.
 */
export interface ProviderCalls {
  run<T>(operation: Operation, call: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /**
   * How many more calls the rate lets through within so long, behind those that wait already. At least one where none
   * waits, else a rate below one call in so long would let none through, ever.
   */
  roomWithin(operation: Operation, ms: number): number;
  breakerState(operation: Operation): 0 | 1 | 2;
}

/** Each region of a provider fails for itself. What belongs to no region, such as a listing, is region `*`. */
export type CallsByRegion = (region: string) => ProviderCalls;
export const ANY_REGION = '*';
/** What prices are asked under: whoever may not read them may still list machines. */
export const PRICES_REGION = 'prices';

export interface CallContext {
  /** The service's clock: what a breaker waits on. */
  readonly clock: Clock;
  /** The clock that calls take time on: back-off, pace and time-out. */
  readonly ioClock: Clock;
  readonly random: Random;
  /** Told of every failed call, retried or not. */
  readonly onError: (operation: Operation, error: ProviderError) => void;
  /** Told of every call that succeeded, and how long the provider took. */
  readonly onAnswer: (operation: Operation, seconds: number) => void;
}

export function createProviderCalls(limits: CallLimits, context: CallContext): ProviderCalls {
  const lanes = { read: lane(limits, context), create: lane(limits, context), delete: lane(limits, context) };
  return {
    run: (operation, call) => lanes[operation].run(operation, call),
    roomWithin: (operation, ms) => lanes[operation].roomWithin(ms),
    breakerState: (operation) => lanes[operation].breaker.gauge,
  };
}

function lane(limits: CallLimits, context: CallContext) {
  const slots = bulkhead(limits.concurrency, QUEUE_MAX);
  const breaker = breakerOnClock(limits.breaker, context.clock);
  const quiet = quietTime(limits.backoffMaxMs, context.clock);
  const leftMs = () => {
    breaker.check();
    return quiet.leftMs();
  };
  const pace = pacer(limits.ratePerSecond, leftMs, context.ioClock);
  const gapMs = gapMsOf(limits.ratePerSecond);
  /** Calls that were asked for and have not had their first turn. */
  const waiting = new Set<symbol>();

  function once<T>(operation: Operation, call: (signal: AbortSignal) => Promise<T>, ticket: symbol): Promise<T> {
    return breaker.execute(async () => {
      await pace();
      waiting.delete(ticket);
      const sentMs = context.ioClock.nowMs();
      const answer = await withDeadline(context.ioClock, limits.timeoutMs, call);
      context.onAnswer(operation, (context.ioClock.nowMs() - sentMs) / 1_000);
      return answer;
    });
  }

  /** cockatiel's retry waits on timers of its own, deaf to both clocks and to an abort; hence this loop. */
  async function withRetries<T>(
    operation: Operation,
    call: (signal: AbortSignal) => Promise<T>,
    ticket: symbol,
  ): Promise<T> {
    let ambiguous = false;
    let waitMs = 0;
    for (let retries = 0; ; retries++) {
      try {
        // Before the breaker: a call that is not sent is no probe.
        quiet.leftMs();
        return await once(operation, call, ticket);
      } catch (error) {
        if (error instanceof QuietError)
          throw new ProviderError('throttled', `not sent: ${error.message}`, { ambiguous, retryAfterMs: error.leftMs });
        if (error instanceof BrokenCircuitError)
          throw new ProviderError('transient', `not sent: too many ${operation} calls have failed`, { ambiguous });
        const failed = asProviderError(error);
        ambiguous ||= failed.ambiguous;
        context.onError(operation, failed);
        const { retryAfterMs } = failed;
        if (failed.errorClass === 'throttled' && retryAfterMs !== null) quiet.askedFor(retryAfterMs);
        const isTooLong = retryAfterMs !== null && retryAfterMs > limits.backoffMaxMs;
        if (!ERROR_MEANINGS[failed.errorClass].retried || isTooLong || retries >= limits.retriesMax)
          throw failed.withAmbiguity(ambiguous);
        waitMs = Math.max(nextWaitMs(waitMs, limits, context.random), retryAfterMs ?? 0);
        await context.ioClock.sleep(waitMs);
      }
    }
  }

  return {
    breaker,
    roomWithin(ms: number): number {
      if (gapMs === 0) return Number.POSITIVE_INFINITY;
      return Math.max(waiting.size === 0 ? 1 : 0, Math.floor(ms / gapMs) - waiting.size);
    },
    async run<T>(operation: Operation, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
      const ticket = Symbol(operation);
      waiting.add(ticket);
      try {
        return await slots.execute(() => withRetries(operation, call, ticket));
      } catch (error) {
        throw asProviderError(error);
      } finally {
        waiting.delete(ticket);
      }
    },
  };
}

/**
 * Decorrelated jitter: uniform between the first wait and three times the last one, at most `backoffMaxMs`.
 * With 200 ms first: 200..600, then 200..1800, … Many callers that failed together do not come back together.
 */
function nextWaitMs(lastMs: number, limits: CallLimits, random: Random): number {
  const highMs = Math.max(limits.backoffFirstMs, lastMs) * 3;
  return Math.min(limits.backoffMaxMs, limits.backoffFirstMs + random.next() * (highMs - limits.backoffFirstMs));
}

/** The call's result, or a `transient` failure after `timeoutMs`; the call is told to end by its signal. */
async function withDeadline<T>(
  ioClock: Clock,
  timeoutMs: number,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = () => new ProviderError('transient', `no answer within ${timeoutMs} ms`);
  try {
    return await within(ioClock, timeoutMs, call, late);
  } catch (error) {
    throw asProviderError(error);
  }
}
