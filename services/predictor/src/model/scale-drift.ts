/** Errors that do not hang together in the memory of a target: so many tell a change from chance within hours. */
const INDEPENDENT = 24;
/** A change counts by as much as it exceeds chance: this many standard deviations of the recent mean are chance. */
const CHANCE = 1.5;
/** One error counts at most as this many usual ones: a burst is no change of regime. */
const BURST = 5;
/** No factor beyond e^2 = 7.4: what is larger is a shift, of which others take care. */
const LOG_MAX = 2;
/** Memory of what is usual, in the recent memories of the same target. */
const USUAL_MEMORIES = 20;

/**
 * How far errors have lately outgrown what was expected of them, for each of several targets: the factor by which the
 * expectation is to be multiplied, at least 1. A scale that is fitted to a steady past takes days to believe that the
 * noise has doubled; this sees it in hours, for all quantiles at once. In steady times it is 1, but for what exceeds
 * chance. It never narrows: on bursty loads a calm is what comes before the next burst, and believing in it cost more
 * (pinball loss of maxima +3 %) than it gained elsewhere; the scale itself narrows as it learns.
 *
 * Far targets have few errors that do not overlap, so each leans on its nearer neighbour's verdict where its own errors
 * do not contradict it.
 */
export class ScaleDrift {
  private readonly overlaps: readonly number[];
  private readonly recent: Float64Array;
  private readonly usual: Float64Array;
  private readonly usualSquare: Float64Array;
  private readonly learned: Uint32Array;
  private readonly logs: Float64Array;

  /** `overlaps`: how many errors in a row of each target hang together, near targets first. */
  constructor(overlaps: readonly number[]) {
    this.overlaps = overlaps;
    this.recent = new Float64Array(overlaps.length);
    this.usual = new Float64Array(overlaps.length);
    this.usualSquare = new Float64Array(overlaps.length);
    this.learned = new Uint32Array(overlaps.length);
    this.logs = new Float64Array(overlaps.length);
  }

  /** `ratio`: the size of an error over its expectation before any correction. */
  learn(target: number, ratio: number): void {
    const count = (this.learned[target] as number) + 1;
    this.learned[target] = count;
    const memory = INDEPENDENT * (this.overlaps[target] as number);
    const usual = this.usual[target] as number;
    const bounded = count > 1 ? Math.min(ratio, BURST * Math.max(usual, this.recent[target] as number)) : ratio;
    const follow = (means: Float64Array, gain: number, value: number) => {
      means[target] = (means[target] as number) + gain * (value - (means[target] as number));
    };
    follow(this.recent, Math.max(1 / memory, 1 / count), bounded);
    const slow = Math.max(1 / (USUAL_MEMORIES * memory), 1 / count);
    follow(this.usual, slow, bounded);
    follow(this.usualSquare, slow, bounded * bounded);
    this.logs[target] = this.judged(target);
  }

  factor(target: number): number {
    return Math.exp(this.logs[target] as number);
  }

  private judged(target: number): number {
    const prior = this.neighbour(target);
    const usual = this.usual[target] as number;
    const recent = this.recent[target] as number;
    if (!(usual > 0) || !(recent > 0)) return prior;
    const variation = (this.usualSquare[target] as number) / (usual * usual) - 1;
    const chance = (CHANCE * CHANCE * Math.max(0, variation)) / (2 * INDEPENDENT);
    const beyond = Math.log(recent / usual) - prior;
    const log = beyond === 0 ? prior : prior + beyond * Math.max(0, 1 - chance / (beyond * beyond));
    return Math.max(0, Math.min(LOG_MAX, log));
  }

  private neighbour(target: number): number {
    if (target === 0) return 0;
    const nearer = (this.overlaps[target - 1] as number) <= (this.overlaps[target] as number) ? target - 1 : 0;
    return this.logs[nearer] as number;
  }
}
