/**
 * Where the time comes from. Services take it as an argument; only the system adapter reads the machine's clock.
 * `sleep` resolves at once when `signal` aborts.
 */
export interface Clock {
  nowMs(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
