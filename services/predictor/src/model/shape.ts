import type { CellCalendar } from './cell-calendar.ts';
import { Ensemble } from './ensemble.ts';
import { EventLifts } from './event-lifts.ts';
import type { EventMemory } from './event-memory.ts';
import { LADDER } from './ladder.ts';
import type { MemberPlace, MemberSpec, StreamingMember } from './member.ts';
import type { QuantileNetwork } from './network.ts';
import { NetworkFeatures } from './network-features.ts';
import { NetworkMember } from './network-member.ts';
import { ridgeLog } from './ridge.ts';
import { seasonalSmoothing } from './seasonal-smoothing.ts';
import { Tape } from './tape.ts';

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

function tapeOf({ stepMs, firstCell, calendar }: ShapeOptions): Tape {
  return new Tape(stepMs, firstCell, calendar);
}

function liftsOf(tape: Tape, { calendar, events }: ShapeOptions): EventLifts | null {
  return calendar.hasEvents ? new EventLifts(tape, calendar, events) : null;
}

function placeOf(tape: Tape, options: ShapeOptions): MemberPlace {
  const { horizon, logOffset } = options;
  return { tape, horizon, logOffset, emptyTape: () => tapeOf(options) };
}

/** The given members alone, combined and calibrated, on a tape of their own. */
export function createLadder(options: ShapeOptions, rungs: readonly MemberSpec[]): Ensemble {
  const tape = tapeOf(options);
  const members = rungs.map((rung) => rung.create(placeOf(tape, options)));
  return new Ensemble(tape, options.horizon, members, liftsOf(tape, options));
}

/** All members combined, and what belongs to the network among them where there is one. */
export interface WholeEnsemble {
  readonly ensemble: Ensemble;
  readonly networked: { readonly member: NetworkMember; readonly features: NetworkFeatures } | null;
}

/** All members; with the network among them when there is one, unseen from the given epoch-aligned cell on. */
export function createEnsemble(
  options: ShapeOptions,
  network: QuantileNetwork | null,
  unseenFromCell: number,
): WholeEnsemble {
  if (!network) return { ensemble: createLadder(options, LADDER), networked: null };
  const { tape, lifts, members: basis, features } = createNetworkBasis(options);
  const members = LADDER.map(
    (rung) => basis.find((member) => member.name === rung.name) ?? rung.create(placeOf(tape, options)),
  );
  const unseenFrom = Math.max(0, unseenFromCell - options.firstCell);
  const member = new NetworkMember(network, features, unseenFrom);
  return {
    ensemble: new Ensemble(tape, options.horizon, [...members, member], lifts),
    networked: { member, features },
  };
}

/**
 * What a network sees: the member that it corrects, and another one beside it; these learn before the features do.
 */
export function createNetworkBasis(options: ShapeOptions): {
  readonly tape: Tape;
  readonly lifts: EventLifts | null;
  readonly members: readonly [base: StreamingMember, other: StreamingMember];
  readonly features: NetworkFeatures;
} {
  const { horizon, logOffset } = options;
  const tape = tapeOf(options);
  const base = ridgeLog.create(placeOf(tape, options));
  const other = seasonalSmoothing.create(placeOf(tape, options));
  const features = new NetworkFeatures(tape, tapeOf(options), logOffset, horizon, base, other);
  return { tape, lifts: liftsOf(tape, options), members: [base, other], features };
}
