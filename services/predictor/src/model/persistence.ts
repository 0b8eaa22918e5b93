import type { MemberSpec, StreamingMember } from './member.ts';
import type { Tape } from './tape.ts';

/** The last measured value stays. The one that can always answer. */
class Persistence implements StreamingMember {
  readonly name = 'persistence';
  private readonly tape: Tape;

  constructor(tape: Tape) {
    this.tape = tape;
  }

  learn(): void {}

  predict(out: Float64Array): void {
    out.fill(Number.isFinite(this.tape.lastMeasured) ? this.tape.lastMeasured : 0);
  }
}

export const persistence: MemberSpec<'persistence'> = {
  name: 'persistence',
  create: ({ tape }) => new Persistence(tape),
};
