import type { StreamingMember } from './member.ts';
import type { Tape } from './tape.ts';

/**
 * Lets a member work on log(value + offset), where growth and bursts are shifts instead of changes of scale. Values
 * below -offset count as -offset.
 */
export class Logarithmic implements StreamingMember {
  readonly name: string;
  private readonly tape: Tape;
  private readonly logs: Tape;
  private readonly offset: number;
  private readonly inner: StreamingMember;

  /** `logs`: an empty tape of the same cells. */
  constructor(name: string, tape: Tape, logs: Tape, offset: number, inner: (logs: Tape) => StreamingMember) {
    this.name = name;
    this.tape = tape;
    this.offset = offset;
    this.logs = logs;
    this.inner = inner(this.logs);
  }

  learn(): void {
    const { tape, logs } = this;
    const now = tape.length - 1;
    if (tape.isMeasured(now)) logs.push(this.log(tape.at(now)), this.log(tape.latest), tape.isApart(now));
    else logs.push(Number.NaN, Number.NaN, tape.isApart(now));
    this.inner.learn();
  }

  private log(value: number): number {
    return Math.log(Math.max(value, -0.99 * this.offset) + this.offset);
  }

  predict(out: Float64Array): void {
    this.inner.predict(out);
    // exp(700) is still finite.
    for (let i = 0; i < out.length; i++) out[i] = Math.exp(Math.min(700, out[i] as number)) - this.offset;
  }
}
