import type { Clock } from '@forescale/shared/time';
import { CloudError } from './errors.ts';

/** How slow the cloud's API is, and how much of it one may have. */
export interface CallLimits {
  /** From the call being carried out to its answer; 0 when absent. */
  readonly createLatencyMs?: number;
  readonly terminateLatencyMs?: number;
  readonly readLatencyMs?: number;
  /** Creations per second, with a burst of as many; beyond, `throttled`. No limit when absent. */
  readonly createsPerSecond?: number;
}

/**
 * Delays and throttles calls. The clock is the simulated one, for latencies that are part of the simulation, or the
 * system's, for a client that is tried out in real time. With the simulated one an answer waits for time to be moved
 * on: whoever moves it must not wait for the answer first.
 */
export class CallGate {
  readonly #limits: CallLimits;
  readonly #clock: Clock;
  #tokens: number;
  #refilledMs: number;

  constructor(limits: CallLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#tokens = limits.createsPerSecond ?? 0;
    this.#refilledMs = clock.nowMs();
  }

  /** Takes one creation from the bucket, or throws `throttled` with the time until there is one. */
  admitCreation(): void {
    const { createsPerSecond } = this.#limits;
    if (createsPerSecond === undefined) return;
    const nowMs = this.#clock.nowMs();
    const burst = Math.max(1, createsPerSecond);
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#refilledMs) / 1000) * createsPerSecond);
    this.#refilledMs = nowMs;
    if (this.#tokens < 1) {
      const seconds = (1 - this.#tokens) / createsPerSecond;
      throw new CloudError('throttled', 'RequestLimitExceeded: too many creations', Math.ceil(seconds));
    }
    this.#tokens -= 1;
  }

  async delay(call: 'create' | 'terminate' | 'read'): Promise<void> {
    const { createLatencyMs = 0, terminateLatencyMs = 0, readLatencyMs = 0 } = this.#limits;
    const latencyMs = { create: createLatencyMs, terminate: terminateLatencyMs, read: readLatencyMs }[call];
    if (latencyMs > 0) await this.#clock.sleep(latencyMs);
  }
}
