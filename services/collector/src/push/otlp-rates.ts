/** A count that only grows, as it stood at a moment; `startMs`: since when it counts, 0: not known. */
export interface Count {
  readonly timeMs: number;
  readonly startMs: number;
  readonly count: number;
  /** What was counted adds up to; 0 where nobody asked. */
  readonly sum: number;
}

/** What was counted between two looks at a series. */
export interface Growth {
  readonly seconds: number;
  readonly count: number;
  readonly sum: number;
}

const SERIES_MAX = 10_000;
/** Forgotten when nothing came for so long: its process is gone. What does come may be of any time. */
const IDLE_MS = 3_600_000;

interface Seen {
  readonly count: Count;
  readonly seenMs: number;
}

/**
 * The last count of each series. What a request adds is kept apart until its samples are safe: a sender that has to
 * repeat itself must find the series as it was.
 */
export class Counts {
  readonly #last = new Map<string, Seen>();

  /** Begins a request: what it learns counts once `commit` is called. */
  begin(): CountsOfRequest {
    return new CountsOfRequest(this.#last);
  }

  get size(): number {
    return this.#last.size;
  }
}

export class CountsOfRequest {
  readonly #before: Map<string, Seen>;
  readonly #learned = new Map<string, Count>();

  constructor(before: Map<string, Seen>) {
    this.#before = before;
  }

  /**
   * What was counted since the last look; null at the first one, where it is not newer than that, or where nobody knows
   * since when a count that began again counts.
   */
  grow(series: string, now: Count): Growth | null {
    const before = this.#learned.get(series) ?? this.#before.get(series)?.count;
    if (before !== undefined && now.timeMs <= before.timeMs) return null;
    this.#learned.set(series, now);
    if (before === undefined) return null;
    const beganAgain = now.count < before.count || (now.startMs > before.startMs && before.startMs > 0);
    if (!beganAgain) return growth(before.timeMs, now, before);
    // All of it was counted since its start; what came between the last look and the end of the old count is lost.
    return now.startMs > 0 && now.startMs < now.timeMs ? growth(now.startMs, now, { count: 0, sum: 0 }) : null;
  }

  /** Whether one more series can be kept. */
  hasRoom(series: string): boolean {
    return this.#before.has(series) || this.#learned.has(series) || this.#before.size + this.#learned.size < SERIES_MAX;
  }

  commit(nowMs: number): void {
    for (const [series, count] of this.#learned) {
      // A request that came later may be done before.
      if ((this.#before.get(series)?.count.timeMs ?? 0) > count.timeMs) continue;
      // Those that were seen last are at the end.
      this.#before.delete(series);
      this.#before.set(series, { count, seenMs: nowMs });
    }
    for (const [series, { seenMs }] of this.#before) {
      if (seenMs > nowMs - IDLE_MS) break;
      this.#before.delete(series);
    }
  }
}

function growth(fromMs: number, now: Count, before: { readonly count: number; readonly sum: number }): Growth {
  return { seconds: (now.timeMs - fromMs) / 1_000, count: now.count - before.count, sum: now.sum - before.sum };
}
