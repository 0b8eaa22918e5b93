import type { CellCalendar } from './cell-calendar.ts';
import { Ensemble } from './ensemble.ts';
import { EventLifts } from './event-lifts.ts';
import type { EventMemory } from './event-memory.ts';
import { HoltWinters } from './holt-winters.ts';
import { Logarithmic } from './logarithmic.ts';
import type { StreamingMember } from './member.ts';
import { MovedShape } from './moved-shape.ts';
import type { QuantileNetwork } from './network.ts';
import { NetworkFeatures } from './network-features.ts';
import { NetworkMember } from './network-member.ts';
import { Persistence } from './persistence.ts';
import { Ridge } from './ridge.ts';
import { SeasonalNaive } from './seasonal-naive.ts';
import { SeasonalSmoothing } from './seasonal-smoothing.ts';
import { Tape } from './tape.ts';

/** The members that need no training, simplest first. */
export const MEMBER_NAMES = [
  'persistence',
  'seasonal-naive',
  'moved-shape',
  'holt-winters',
  'seasonal-smoothing',
  'ridge',
  'ridge-log',
] as const;

export type MemberName = (typeof MEMBER_NAMES)[number];

/** The member that the network corrects, and the other one that it sees. */
const NETWORK_BASIS = ['ridge-log', 'seasonal-smoothing'] as const;

export interface ShapeOptions {
  readonly stepMs: number;
  /** Epoch-aligned number of the first cell that will be pushed. */
  readonly firstCell: number;
  /** Cells to forecast. */
  readonly horizon: number;
  /** What is added before taking logarithms, in the unit of the series; positive. */
  readonly logOffset: number;
  readonly calendar: CellCalendar;
  /** What is known of earlier events; learned into. */
  readonly events: EventMemory;
}

const RIDGE = { ridge: 3, memoryDays: 42 } as const;

function createMember(name: MemberName, tape: Tape, options: ShapeOptions): StreamingMember {
  const { horizon, logOffset } = options;
  switch (name) {
    case 'persistence':
      return new Persistence(tape);
    case 'seasonal-naive':
      return new SeasonalNaive(tape);
    case 'moved-shape':
      return new MovedShape(tape);
    case 'holt-winters':
      return new HoltWinters(tape, horizon);
    case 'seasonal-smoothing':
      return new SeasonalSmoothing(tape, horizon);
    case 'ridge':
      return new Ridge(name, tape, horizon, { ...RIDGE, logarithmic: false });
    case 'ridge-log':
      return new Logarithmic(
        name,
        tape,
        tapeOf(options),
        logOffset,
        (logs) => new Ridge(name, logs, horizon, { ...RIDGE, logarithmic: true }),
      );
  }
}

function tapeOf({ stepMs, firstCell, calendar }: ShapeOptions): Tape {
  return new Tape(stepMs, firstCell, calendar);
}

function liftsOf(tape: Tape, { calendar, events }: ShapeOptions): EventLifts | null {
  return calendar.hasEvents ? new EventLifts(tape, calendar, events) : null;
}

/** The named members alone, combined and calibrated, on a tape of their own. */
export function createLadder(options: ShapeOptions, names: readonly MemberName[]): Ensemble {
  const tape = tapeOf(options);
  const members = names.map((name) => createMember(name, tape, options));
  return new Ensemble(tape, options.horizon, members, liftsOf(tape, options));
}

/**
 * All members; with the network among them when there is one, unseen from the given epoch-aligned cell on. `features`
 * is what it sees, for others to be asked beside it.
 */
export function createEnsemble(
  options: ShapeOptions,
  network: QuantileNetwork | null,
  unseenFromCell: number,
): { readonly ensemble: Ensemble; readonly features: NetworkFeatures | null } {
  if (!network) return { ensemble: createLadder(options, MEMBER_NAMES), features: null };
  const { tape, lifts, members: basis, features } = createNetworkBasis(options);
  const members = MEMBER_NAMES.map(
    (name) => basis.find((member) => member.name === name) ?? createMember(name, tape, options),
  );
  const unseenFrom = Math.max(0, unseenFromCell - options.firstCell);
  const all = [...members, new NetworkMember(network, features, unseenFrom)];
  return { ensemble: new Ensemble(tape, options.horizon, all, lifts), features };
}

/** What a network sees, with the members whose forecasts are part of it; these learn before the features do. */
export function createNetworkBasis(options: ShapeOptions): {
  readonly tape: Tape;
  readonly lifts: EventLifts | null;
  readonly members: readonly StreamingMember[];
  readonly features: NetworkFeatures;
} {
  const { horizon, logOffset } = options;
  const tape = tapeOf(options);
  const base = createMember(NETWORK_BASIS[0], tape, options);
  const other = createMember(NETWORK_BASIS[1], tape, options);
  const features = new NetworkFeatures(tape, tapeOf(options), logOffset, horizon, base, other);
  return { tape, lifts: liftsOf(tape, options), members: [base, other], features };
}
