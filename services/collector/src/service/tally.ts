import type { Sample } from '@forescale/shared/domain';

/** What one reading of a source came to. */
export interface Tally {
  readonly accepted: number;
  readonly refused: number;
  readonly flagged: number;
  /** The newest time of each signal in it, by "pool/signal"; empty where nothing was accepted. */
  readonly newestMs: ReadonlyMap<string, number>;
  /** The first refusal, in one line; null: none. */
  readonly refusal: string | null;
}

/** The newest time of each signal, and how many samples have each flag. */
export function tallyOf(samples: readonly Sample[]): {
  readonly newestMs: Map<string, number>;
  readonly flags: Map<string, number>;
  readonly flagged: number;
} {
  const newestMs = new Map<string, number>();
  const flags = new Map<string, number>();
  let flagged = 0;
  let [first] = samples;
  let newest = Number.NEGATIVE_INFINITY;
  const close = () => {
    if (first === undefined) return;
    const key = `${first.pool}/${first.signal}`;
    newestMs.set(key, Math.max(newest, newestMs.get(key) ?? newest));
    newest = Number.NEGATIVE_INFINITY;
  };
  for (const sample of samples) {
    // Samples of a signal often come in a row.
    if (sample.signal !== first?.signal || sample.pool !== first.pool) {
      close();
      first = sample;
    }
    newest = Math.max(newest, sample.timeMs);
    if (sample.flags === undefined) continue;
    flagged++;
    for (const flag of sample.flags) flags.set(flag, (flags.get(flag) ?? 0) + 1);
  }
  close();
  return { newestMs, flags, flagged };
}
