import type { MemberSpec, StreamingMember } from './member.ts';
import { Profile } from './profile.ts';
import type { Tape } from './tape.ts';

const LEVEL_CELLS = 3;
const KNOWN_CELLS = 8;

/**
 * The usual shapes of day and week, moved to where the load is now: the random walk of a seasonal series. Noisy, but
 * nothing follows a shift of the level faster.
 */
export class MovedShape implements StreamingMember {
  readonly name = 'moved-shape';
  private readonly tape: Tape;
  private readonly profile: Profile;
  private readonly reach: number;
  private readonly fromBefore: boolean;
  /** Shapes of the newest cells and the next, as they were known before those came, by index. */
  private readonly known = new Float64Array(KNOWN_CELLS);

  /**
   * `fromBefore`: takes the shapes of the newest cells as they were known before these came. A shift of the level is in
   * the shape of the cells that it came with; who looks for shifts must not take it for shape.
   */
  constructor(tape: Tape, fromBefore: boolean) {
    this.tape = tape;
    this.fromBefore = fromBefore;
    this.profile = new Profile(tape, 0.15, 0.3);
    this.reach = tape.cycles.day >= 96 ? 2 : 0;
  }

  learn(): void {
    this.profile.learn();
    const next = this.tape.length + this.reach;
    this.known[next % KNOWN_CELLS] = this.shape(next);
  }

  predict(out: Float64Array): void {
    const { tape } = this;
    const cells = Math.min(LEVEL_CELLS, tape.length);
    let rest = 0;
    for (let i = tape.length - cells; i < tape.length; i++) rest += (tape.at(i) - this.knownShape(i)) / cells;
    for (let i = 0; i < out.length; i++) out[i] = rest + this.knownShape(tape.length + i);
  }

  private knownShape(index: number): number {
    const learned = this.tape.length + this.reach;
    return this.fromBefore && index <= learned ? (this.known[index % KNOWN_CELLS] as number) : this.shape(index);
  }

  private shape(index: number): number {
    return this.profile.dayAt(index, this.reach) + this.profile.weekAt(index, this.reach);
  }
}

export const movedShape: MemberSpec<'moved-shape'> = {
  name: 'moved-shape',
  create: ({ tape }) => new MovedShape(tape, false),
};
