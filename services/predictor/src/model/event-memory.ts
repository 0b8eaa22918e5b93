/** What one occurrence of an event did, cell by cell from its start: log of the load over the ordinary one. */
interface Occurrence {
  readonly from: number;
  readonly until: number;
  /** NaN where it is not known. */
  readonly lifts: Float32Array;
}

/** Occurrences of one name that are kept: the newest. */
const KEPT = 5;
/** Names that are kept; there are no more in a configuration. */
const NAMES_MAX = 100;

/**
 * What past occurrences of named events did. It outlives the ensembles that a forecaster builds anew after a training,
 * whose cells may not reach back to the last occurrence.
 */
export class EventMemory {
  private readonly byName = new Map<string, Occurrence[]>();

  /** Takes in a whole occurrence; learned again, it replaces what was known of it. */
  learn(name: string, from: number, until: number, lifts: Float32Array): void {
    if (!this.byName.has(name) && this.byName.size >= NAMES_MAX) return;
    const others = (this.byName.get(name) ?? []).filter((one) => one.from !== from);
    const all = [...others, { from, until, lifts }].sort((a, b) => a.from - b.from);
    this.byName.set(name, all.slice(-KEPT));
  }

  /**
   * The lifts `into` cells after the start, one for each occurrence that was over before the cell `before`; an
   * occurrence that was shorter says the last of it. Empty when nothing is known.
   */
  lifts(name: string, into: number, before: number): number[] {
    const occurrences = this.byName.get(name) ?? [];
    return occurrences.flatMap(({ until, lifts }) => {
      if (until > before) return [];
      const lift = around(lifts, Math.min(into, lifts.length - 1));
      return Number.isNaN(lift) ? [] : [lift];
    });
  }
}

/** The mean of a lift and its neighbours: one cell is noisy. */
function around(lifts: Float32Array, at: number): number {
  let sum = 0;
  let count = 0;
  for (const lift of lifts.subarray(Math.max(0, at - 1), at + 2)) {
    if (Number.isNaN(lift)) continue;
    sum += lift;
    count++;
  }
  return count === 0 ? Number.NaN : sum / count;
}
