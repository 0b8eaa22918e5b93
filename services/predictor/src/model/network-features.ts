import type { StreamingMember } from './member.ts';
import type { Tape } from './tape.ts';

const SINGLE_LAGS = 30;
const BLOCKS = 11;
const BLOCK_CELLS = 6;
const EXTRAS = 6;
const CALENDAR = 10;
const INPUT_MAX = 6;
const TARGET_MAX = 10;

/** How many inputs a network has that forecasts `horizon` cells. */
export function networkInputs(horizon: number): number {
  return SINGLE_LAGS + BLOCKS + 4 * horizon + EXTRAS + CALENDAR;
}

/**
 * What the network sees and what it is to say, for one series. It works on logarithms and corrects another member, its
 * `base`: a target is how far the base will miss, in units of how far it usually does. Inputs are differences from the
 * newest value over the spread of the day, so that level and unit of the series do not matter to it.
 */
export class NetworkFeatures {
  readonly inputs: number;
  private readonly tape: Tape;
  private readonly logs: Tape;
  private readonly base: StreamingMember;
  private readonly other: StreamingMember;
  private readonly horizon: number;
  private readonly offset: number;
  private readonly baseLogs: Float64Array;
  private readonly otherLogs: Float64Array;
  /** What the base said at the last cells, and the unit then: [slot][ahead]. */
  private readonly said: Float64Array;
  private readonly unitThen: Float64Array;
  private readonly out: Float64Array;
  private usualMiss = 0;
  private fastMiss = 0;
  private spread = 0;
  private misses = 0;

  /** `logs`: an empty tape of the same cells. */
  constructor(tape: Tape, logs: Tape, offset: number, horizon: number, base: StreamingMember, other: StreamingMember) {
    this.tape = tape;
    this.offset = offset;
    this.horizon = horizon;
    this.base = base;
    this.other = other;
    this.logs = logs;
    this.inputs = networkInputs(horizon);
    this.baseLogs = new Float64Array(horizon);
    this.otherLogs = new Float64Array(horizon);
    this.said = new Float64Array(horizon * horizon);
    this.unitThen = new Float64Array(horizon);
    this.out = new Float64Array(horizon);
  }

  /** Follows the tape by one cell; the base and the other member must have learned from it already. */
  learn(): void {
    const { tape, logs, horizon } = this;
    const now = tape.length - 1;
    const value = tape.at(now);
    if (tape.isMeasured(now)) {
      this.learnMiss(now, this.log(value));
      logs.push(this.log(value), this.log(tape.latest), tape.isApart(now));
    } else logs.push(Number.NaN, Number.NaN, tape.isApart(now));
    const away = Math.abs(logs.at(now) - logs.dayMean());
    this.spread += (away - this.spread) * Math.max(1 / (now + 1), 1 / Math.max(48, tape.cycles.day));
    this.ask(this.base, this.baseLogs);
    this.ask(this.other, this.otherLogs);
    this.said.set(this.baseLogs, (now % horizon) * horizon);
    this.unitThen[now % horizon] = this.unit();
  }

  private learnMiss(now: number, log: number): void {
    const middle = Math.ceil(this.horizon / 2);
    if (now < middle) return;
    const miss = Math.abs(log - (this.said[((now - middle) % this.horizon) * this.horizon + middle - 1] as number));
    this.misses++;
    const day = Math.max(48, this.tape.cycles.day);
    this.usualMiss += (miss - this.usualMiss) * Math.max(1 / this.misses, 1 / (2 * day));
    this.fastMiss += (miss - this.fastMiss) * Math.max(1 / this.misses, 0.1);
  }

  private ask(member: StreamingMember, into: Float64Array): void {
    member.predict(this.out);
    for (let i = 0; i < this.horizon; i++) into[i] = this.log(this.tape.plausible(this.out[i] as number));
  }

  private log(value: number): number {
    return Math.log(Math.max(value, -0.99 * this.offset) + this.offset);
  }

  private unit(): number {
    return Math.max(this.usualMiss, 1e-6);
  }

  /** The value that the network means by `correction` for a cell ahead. */
  valueOf(ahead: number, correction: number): number {
    const log = (this.baseLogs[ahead - 1] as number) + this.unit() * correction;
    return Math.exp(Math.min(700, log)) - this.offset;
  }

  /**
   * To be asked before `learn` has followed the tape. The correction that would have been right `ahead` cells before the newest one; NaN where that cell or this was not
   * measured.
   */
  targetFor(ahead: number): number {
    const now = this.tape.length - 1;
    const origin = now - ahead;
    if (!this.tape.isMeasured(now) || !this.tape.isMeasured(origin)) return Number.NaN;
    const slot = origin % this.horizon;
    const miss = this.log(this.tape.at(now)) - (this.said[slot * this.horizon + ahead - 1] as number);
    return Math.max(-TARGET_MAX, Math.min(TARGET_MAX, miss / (this.unitThen[slot] as number)));
  }

  /** Writes the inputs for a forecast from the newest cell. */
  fill(x: Float32Array, offset: number): void {
    const { logs, horizon } = this;
    const { day, week } = logs.cycles;
    const now = logs.length - 1;
    const value = logs.at(now);
    const scale = 1 / Math.max(this.spread, 1e-3);
    let k = offset;
    const put = (input: number) => {
      x[k++] = Math.max(-INPUT_MAX, Math.min(INPUT_MAX, input));
    };
    for (let lag = 1; lag <= SINGLE_LAGS; lag++) put(now >= lag ? (logs.at(now - lag) - value) * scale : 0);
    for (let block = 0; block < BLOCKS; block++) put(this.blockMean(block, now, value) * scale);
    for (let i = 0; i < horizon; i++) put(((this.baseLogs[i] as number) - value) * scale);
    for (let i = 0; i < horizon; i++) put(((this.otherLogs[i] as number) - (this.baseLogs[i] as number)) * scale);
    for (const cycle of [day, week]) {
      const seen = cycle >= horizon && now > 1.25 * cycle;
      for (let i = 1; i <= horizon; i++) put(seen ? this.changeBefore(now, now + i, cycle) * scale : 0);
    }
    const unit = this.unit();
    put(Math.log((this.fastMiss + 1e-9) / unit));
    put(Math.log((unit + 1e-9) / (this.spread + 1e-9)));
    put((value - logs.dayMean()) * scale);
    put((logs.latest - value) * scale);
    put((value - (now > 0 ? logs.at(now - 1) : value)) / unit / 4);
    put(1);
    const dayPhase = day > 0 ? logs.phase(now, day) : 0;
    const weekPhase = week > 0 ? logs.weekPhase(now) : 0;
    for (let harmonic = 1; harmonic <= 3; harmonic++) putAngle(put, day, harmonic, dayPhase);
    for (let harmonic = 1; harmonic <= 2; harmonic++) putAngle(put, week, harmonic, weekPhase);
  }

  /** How the load changed between the same times a cycle before; 0 where the tape has no day like it. */
  private changeBefore(now: number, target: number, cycle: number): number {
    const { logs } = this;
    const then = logs.before(target, cycle);
    const from = then - logs.localDistance(now, target);
    return from < 0 ? 0 : logs.at(then) - logs.at(from);
  }

  private blockMean(block: number, now: number, value: number): number {
    const from = now - SINGLE_LAGS - (block + 1) * BLOCK_CELLS;
    if (from < 0) return 0;
    let sum = 0;
    for (let i = 1; i <= BLOCK_CELLS; i++) sum += this.logs.at(from + i - 1);
    return sum / BLOCK_CELLS - value;
  }
}

function putAngle(put: (input: number) => void, cycle: number, harmonic: number, phase: number): void {
  const angle = cycle > 0 ? (2 * Math.PI * harmonic * phase) / cycle : 0;
  put(cycle > 0 ? Math.cos(angle) : 0);
  put(Math.sin(angle));
}
