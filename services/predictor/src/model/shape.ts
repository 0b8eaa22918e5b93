import { Ensemble } from './ensemble.ts';
import { HoltWinters } from './holt-winters.ts';
import { Logarithmic } from './logarithmic.ts';
import type { StreamingMember } from './member.ts';
import { Persistence } from './persistence.ts';
import { Ridge } from './ridge.ts';
import { SeasonalNaive } from './seasonal-naive.ts';
import { SeasonalSmoothing } from './seasonal-smoothing.ts';
import { Tape } from './tape.ts';

/** The members that need no training, simplest first. */
export const MEMBER_NAMES = [
  'persistence',
  'seasonal-naive',
  'holt-winters',
  'seasonal-smoothing',
  'ridge',
  'ridge-log',
] as const;

export type MemberName = (typeof MEMBER_NAMES)[number];

export interface ShapeOptions {
  readonly stepMs: number;
  /** Epoch-aligned number of the first cell that will be pushed. */
  readonly firstCell: number;
  /** Cells to forecast. */
  readonly horizon: number;
  /** What is added before taking logarithms, in the unit of the series; positive. */
  readonly logOffset: number;
}

const RIDGE = { ridge: 10, memoryDays: 28 } as const;

export function createMember(name: MemberName, tape: Tape, options: ShapeOptions): StreamingMember {
  const { horizon, stepMs, logOffset } = options;
  switch (name) {
    case 'persistence':
      return new Persistence(tape);
    case 'seasonal-naive':
      return new SeasonalNaive(tape);
    case 'holt-winters':
      return new HoltWinters(tape, horizon);
    case 'seasonal-smoothing':
      return new SeasonalSmoothing(tape, horizon);
    case 'ridge':
      return new Ridge(name, tape, horizon, RIDGE);
    case 'ridge-log':
      return new Logarithmic(name, tape, stepMs, logOffset, (logs) => new Ridge(name, logs, horizon, RIDGE));
  }
}

/** The named members, combined and calibrated, on a tape of their own. */
export function createEnsemble(options: ShapeOptions, names: readonly MemberName[]): Ensemble {
  const tape = new Tape(options.stepMs, options.firstCell);
  return new Ensemble(
    tape,
    options.horizon,
    names.map((name) => createMember(name, tape, options)),
  );
}
