/** A node that became Ready and the need that it was for, once both have come. */
export interface NeedMet {
  /** How long before the need the node was Ready; negative: so much too late. */
  readonly leadSeconds: number;
}

const WAITING_MAX = 10_000;

/**
 * Matches Ready nodes with the need for them, by rank: the fifth Ready node answers the need for five nodes. A need
 * that is there before its node makes a negative lead (the latency that users feel); a node that is there first waits
 * for its need, and is forgotten when it leaves unneeded.
 */
export class NeedWatch {
  /** By rank: since when so many nodes are needed and not Ready. */
  readonly #unmetSinceMs = new Map<number, number>();
  /** By rank: since when that node is Ready without being needed. */
  readonly #idleSinceMs = new Map<number, number>();
  #ready: number | null = null;
  #needed = 0;

  /**
   * `ready` and `needed` are counts of nodes at `nowMs`; `readyTimesMs` are when those that are new became Ready, as
   * far as known. The first call only takes note of what is there.
   */
  observe(ready: number, needed: number, readyTimesMs: readonly number[], nowMs: number): NeedMet[] {
    const met: NeedMet[] = [];
    const before = this.#ready ?? ready;
    const neededBefore = this.#ready === null ? Math.max(needed, ready) : this.#needed;
    const times = readyTimesMs.toSorted((a, b) => a - b);
    for (let rank = before + 1; rank <= Math.min(ready, before + WAITING_MAX); rank++) {
      const readyMs = times[rank - before - 1] ?? nowMs;
      const unmetMs = this.#unmetSinceMs.get(rank);
      if (unmetMs !== undefined) met.push({ leadSeconds: Math.min(0, unmetMs - readyMs) / 1_000 });
      else this.#idleSinceMs.set(rank, readyMs);
      this.#unmetSinceMs.delete(rank);
    }
    for (let rank = neededBefore + 1; rank <= Math.min(needed, neededBefore + WAITING_MAX); rank++) {
      const idleMs = this.#idleSinceMs.get(rank);
      if (idleMs !== undefined) met.push({ leadSeconds: Math.max(0, nowMs - idleMs) / 1_000 });
      else if (rank > ready) this.#unmetSinceMs.set(rank, nowMs);
      this.#idleSinceMs.delete(rank);
    }
    for (const rank of this.#unmetSinceMs.keys()) if (rank > needed) this.#unmetSinceMs.delete(rank);
    for (const rank of this.#idleSinceMs.keys()) if (rank > ready) this.#idleSinceMs.delete(rank);
    this.#ready = ready;
    this.#needed = needed;
    return met;
  }
}
