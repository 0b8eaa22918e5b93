import type { Sample } from '@forescale/shared/domain';

/** The spool cannot take or give samples now, such as on a full disk; the message names file and reason. */
export class SpoolError extends Error {
  override readonly name = 'SpoolError';
}

/** Samples that were taken together, to be removed together. */
export interface SpooledBatch {
  /** Which file it is of, where one had to be put aside. */
  readonly file: number;
  /** Of the last of the batches in it. */
  readonly id: number;
  readonly samples: readonly Sample[];
}

/**
 * Samples that wait on the disk for the store, the oldest first. Calls are synchronous, as a disk's answer is all that
 * they wait for; each throws `SpoolError` when the disk does not play along.
 */
export interface Spool {
  /** How many wait. */
  readonly samples: number;
  /**
   * Returns when they are on the disk to stay: a loss of power does not take them away. When it throws, none of them
   * is kept. The result is how many of the oldest had to go to make room.
   */
  append(samples: readonly Sample[]): number;
  /** The oldest, up to `samplesMax` but at least one batch as it was appended; null when none waits. */
  oldest(samplesMax: number): SpooledBatch | null;
  /** Forgets this batch and all before it. */
  remove(batch: SpooledBatch): void;
  close(): void;
}
