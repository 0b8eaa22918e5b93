import type { CellCalendar, CellEvent } from './cell-calendar.ts';
import type { EventMemory } from './event-memory.ts';
import { Profile } from './profile.ts';
import type { Tape } from './tape.ts';

/** The level before an event is the mean over so many cells. */
const LEVEL_CELLS = 6;
/** Lifts beyond 20 times the load, or a twentieth of it, are taken for these. */
const LIFT_MAX = Math.log(20);
/** Loads are compared above this share of the day's mean: at night, twice nothing is no lift. */
const FLOOR = 0.01;
/** An event's effect is unknown by this share of the load... */
const DOUBT_UNKNOWN = 0.25;
/** ...and, where it was expected or seen once, by this share of the effect. */
const DOUBT_OF_LIFT = 0.25;

/**
 * What dated events do to a load. The models see the load as it would have been without them: during an event whose
 * effect is known (from earlier occurrences, or from the configuration) the tape takes the load divided by it, and
 * forecasts for its cells are multiplied by it. That is one number for a cell and no regressor: two occurrences teach a
 * regression nothing, but how much of the ordinary load came they do tell. An event that is new is taken as it comes, set
 * apart from the usual shapes, with a band that says how little is known.
 */
export class EventLifts {
  private readonly tape: Tape;
  private readonly calendar: CellCalendar;
  private readonly memory: EventMemory;
  private readonly profile: Profile;
  private readonly reach: number;
  private current: CellEvent | null = null;
  /** The load over its usual shape when the event began; null where that is not known. */
  private level: number | null = null;
  private lifts = new Float32Array(0);
  private known = 0;

  constructor(tape: Tape, calendar: CellCalendar, memory: EventMemory) {
    this.tape = tape;
    this.calendar = calendar;
    this.memory = memory;
    this.profile = new Profile(tape, 0.15, 0.3);
    this.reach = tape.cycles.day >= 96 ? 2 : 0;
  }

  /** Gives the tape its next cell, as it would have been without an event. */
  push(value: number, latest: number): void {
    const { tape } = this;
    const index = tape.length;
    const cell = tape.firstCell + index;
    const event = this.calendar.eventAt(cell);
    if (event !== this.current) this.turn(event);
    const factor = this.factorAt(index);
    tape.push(value / factor, latest / factor, event !== null && this.liftsAt(cell, event).length === 0);
    if (event !== null && Number.isFinite(value)) this.record(event, cell, value);
    this.profile.learn();
  }

  /** One event is over, or another begins. */
  private turn(event: CellEvent | null): void {
    const over = this.current;
    if (over && this.known * 2 >= this.lifts.length) this.memory.learn(over.name, over.from, over.until, this.lifts);
    this.current = event;
    this.known = 0;
    if (!event) return;
    const { tape } = this;
    this.lifts = new Float32Array(event.until - event.from).fill(Number.NaN);
    const from = tape.length - LEVEL_CELLS;
    this.level = tape.cycles.day === 0 || from < 2 * tape.cycles.day ? null : this.levelFrom(from);
  }

  private levelFrom(from: number): number {
    let sum = 0;
    for (let index = from; index < this.tape.length; index++) sum += this.tape.at(index) - this.shape(index);
    return sum / LEVEL_CELLS;
  }

  private record(event: CellEvent, cell: number, value: number): void {
    const index = cell - this.tape.firstCell;
    if (this.level === null) return;
    const floor = FLOOR * Math.abs(this.tape.dayMean()) + 1e-12;
    const ordinary = Math.max(0, this.level + this.shape(index)) + floor;
    const lift = Math.log((Math.max(0, value) + floor) / ordinary);
    this.lifts[cell - event.from] = Math.max(-LIFT_MAX, Math.min(LIFT_MAX, lift));
    this.known++;
  }

  private shape(index: number): number {
    return this.profile.dayAt(index, this.reach) + this.profile.weekAt(index, this.reach);
  }

  private liftsAt(cell: number, event: CellEvent): number[] {
    const now = this.tape.firstCell + this.tape.length;
    const seen = this.memory.lifts(event.name, cell - event.from, Math.min(now, event.from));
    return seen.length === 0 && event.expectedFactor !== null ? [Math.log(event.expectedFactor)] : seen;
  }

  /** How many times its ordinary load a cell (also a future one) is expected to bring; 1 outside of events. */
  factorAt(index: number): number {
    const cell = this.tape.firstCell + index;
    const event = this.calendar.eventAt(cell);
    return event === null ? 1 : Math.exp(mean(this.liftsAt(cell, event)));
  }

  /** The error that not knowing the event adds, as a share of the load; 0 outside of events. */
  doubtAt(index: number): number {
    const cell = this.tape.firstCell + index;
    const event = this.calendar.eventAt(cell);
    if (event === null) return 0;
    const lifts = this.liftsAt(cell, event);
    if (lifts.length === 0) return DOUBT_UNKNOWN;
    const middle = mean(lifts);
    return lifts.length === 1 ? DOUBT_OF_LIFT * Math.abs(middle) : mean(lifts.map((lift) => Math.abs(lift - middle)));
  }
}

function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
}
