import { Logarithmic } from './logarithmic.ts';
import type { MemberSpec, StreamingMember } from './member.ts';
import { NormalEquations } from './normal-equations.ts';
import { FEATURES, RidgeFeatures } from './ridge-features.ts';
import type { Tape } from './tape.ts';

interface RidgeOptions {
  readonly ridge: number;
  /** A row's weight falls to 1/e after this many days (after 1,000 cells where the step knows no day). */
  readonly memoryDays: number;
  /** The values on the tape are logarithms. */
  readonly logarithmic: boolean;
}

/**
 * One ridge regression for each cell ahead, of the change from the newest value, on differences of lags, past days,
 * learned shapes and the calendar. Learns with every cell; rows that surprise it weigh less (Huber), so that a flash
 * crowd does not bend it.
 */
class Ridge implements StreamingMember {
  readonly name: string;
  private readonly tape: Tape;
  private readonly features: RidgeFeatures;
  private readonly horizon: number;
  private readonly options: RidgeOptions;
  private readonly models: NormalEquations[];
  /** Rows made at the last `horizon` cells: [cell][ahead][feature], with each cell's value and unit. */
  private readonly rows: Float64Array;
  private readonly values: Float64Array;
  private readonly units: Float64Array;
  private readonly usualError: Float64Array;
  private readonly solveEvery: number;

  constructor(name: string, tape: Tape, horizon: number, options: RidgeOptions) {
    this.name = name;
    this.tape = tape;
    this.horizon = horizon;
    this.options = options;
    this.features = new RidgeFeatures(tape, options.logarithmic);
    const memoryRows = tape.cycles.day > 0 ? Math.max(300, options.memoryDays * tape.cycles.day) : 1_000;
    this.models = Array.from({ length: horizon }, () => new NormalEquations(FEATURES, memoryRows));
    this.rows = new Float64Array(horizon * horizon * FEATURES);
    this.values = new Float64Array(horizon);
    this.units = new Float64Array(horizon).fill(1);
    this.usualError = new Float64Array(horizon).fill(1);
    this.solveEvery = Math.max(6, Math.round(tape.cycles.day / 24));
  }

  learn(): void {
    const { tape, horizon, rows } = this;
    const now = tape.length - 1;
    if (tape.isMeasured(now)) for (let ahead = 1; ahead <= horizon; ahead++) this.learnFrom(now, ahead);
    if (now % this.solveEvery === 0 && now > 12) for (const model of this.models) model.solve(this.options.ridge);
    this.features.learn();
    const slot = now % horizon;
    this.values[slot] = tape.at(now);
    this.units[slot] = this.features.scale();
    for (let ahead = 1; ahead <= horizon; ahead++) {
      this.features.fill(rows, (slot * horizon + ahead - 1) * FEATURES, ahead);
    }
  }

  private learnFrom(now: number, ahead: number): void {
    const origin = now - ahead;
    if (!this.tape.isMeasured(origin)) return;
    const slot = origin % this.horizon;
    const offset = (slot * this.horizon + ahead - 1) * FEATURES;
    const change = (this.tape.at(now) - (this.values[slot] as number)) / (this.units[slot] as number);
    const target = Math.max(-12, Math.min(12, change));
    const model = this.models[ahead - 1] as NormalEquations;
    const error = Math.abs(target - model.dot(this.rows, offset));
    const usual = this.usualError[ahead - 1] as number;
    const limit = 2 * usual;
    model.add(this.rows, offset, target, error > limit ? limit / error : 1);
    this.usualError[ahead - 1] = usual + 0.01 * (Math.min(error, 4 * usual) - usual) + 1e-9;
  }

  predict(out: Float64Array): void {
    const slot = (this.tape.length - 1) % this.horizon;
    const unit = this.units[slot] as number;
    const value = this.values[slot] as number;
    for (let ahead = 1; ahead <= out.length; ahead++) {
      const model = this.models[Math.min(ahead, this.horizon) - 1] as NormalEquations;
      const offset = (slot * this.horizon + Math.min(ahead, this.horizon) - 1) * FEATURES;
      out[ahead - 1] = value + unit * Math.max(-12, Math.min(12, model.dot(this.rows, offset)));
    }
  }
}

const OPTIONS = { ridge: 3, memoryDays: 42 } as const;

export const ridge: MemberSpec<'ridge'> = {
  name: 'ridge',
  create: ({ tape, horizon }) => new Ridge('ridge', tape, horizon, { ...OPTIONS, logarithmic: false }),
};

/** The same on logarithms. */
export const ridgeLog: MemberSpec<'ridge-log'> = {
  name: 'ridge-log',
  create: ({ tape, horizon, logOffset, emptyTape }) =>
    new Logarithmic(
      'ridge-log',
      tape,
      emptyTape(),
      logOffset,
      (logs) => new Ridge('ridge-log', logs, horizon, { ...OPTIONS, logarithmic: true }),
    ),
};
