const FIRST_MS = 100;
const MAX_MS = 30_000;

/** How long a message that was delivered `count` times in vain waits for its next turn: 0.1, 0.2, 0.4 ... 30 s. */
export function redeliveryDelayMs(count: number): number {
  return Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(count - 1, 20));
}

/** Messages of one durable name that may be out at once, over all that share it. */
export function unacknowledgedMax(batch: number): number {
  return Math.max(1_000, 10 * batch);
}
