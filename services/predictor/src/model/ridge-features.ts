import { Profile } from './profile.ts';
import type { Tape } from './tape.ts';

const LAGS = [1, 2, 3, 4, 6, 9, 12, 18] as const;
const DAYS_BACK = [1, 2, 7] as const;

/** How many features a row has: 8 lags, 7 of level, 9 of past days, 12 of shapes, 10 of the calendar, 1. */
export const FEATURES = LAGS.length + 7 + DAYS_BACK.length * 3 + 12 + 10 + 1;

/**
 * What ridge regression sees when it forecasts the change from the newest cell to the one `ahead` cells later. All
 * features are differences from the newest value or between shapes, over the usual spread of the day: shifting the
 * level of the series or changing its unit leaves them as they are.
 */
export class RidgeFeatures {
  private readonly tape: Tape;
  private readonly slow: Profile;
  private readonly fast: Profile;
  private readonly logarithmic: boolean;
  private fastMean = 0;
  private slowMean = 0;
  private spread = 0;
  private hourShape: Float64Array;

  /** `logarithmic`: the values are logarithms, whose own size says nothing about their spread. */
  constructor(tape: Tape, logarithmic: boolean) {
    this.tape = tape;
    this.logarithmic = logarithmic;
    this.slow = new Profile(tape, 0.07, 0.2);
    this.fast = new Profile(tape, 0.3, 0.4);
    this.hourShape = new Float64Array(tape.cycles.hour);
  }

  learn(): void {
    const { tape } = this;
    const newest = tape.at(tape.length - 1);
    if (tape.length === 1) {
      this.fastMean = newest;
      this.slowMean = newest;
    }
    this.fastMean += 0.3 * (newest - this.fastMean);
    this.slowMean += 0.08 * (newest - this.slowMean);
    const away = Math.abs(newest - tape.dayMean());
    this.spread += (away - this.spread) * Math.max(1 / tape.length, 1 / Math.max(48, tape.cycles.day));
    this.slow.learn();
    this.fast.learn();
    const { hour } = tape.cycles;
    if (hour === 0 || tape.length <= hour) return;
    const phase = (tape.firstCell + tape.length - 1) % hour;
    const old = this.hourShape[phase] as number;
    this.hourShape[phase] = old + 0.08 * (newest - tape.recentMean(hour) - old);
  }

  /** The unit of features and targets of rows made now; never 0. */
  scale(): number {
    return Math.max(this.spread, 0.02 * (this.logarithmic ? 1 : Math.abs(this.tape.dayMean())), 1e-9);
  }

  fill(rows: Float64Array, offset: number, ahead: number): void {
    const { tape } = this;
    const now = tape.length - 1;
    const value = tape.at(now);
    const target = now + ahead;
    const unit = 1 / this.scale();
    let k = offset;
    const put = (difference: number) => {
      rows[k++] = Math.max(-12, Math.min(12, difference * unit));
    };
    for (const lag of LAGS) put(now >= lag ? tape.at(now - lag) - value : 0);
    for (const count of [3, 12, 36]) put(tape.recentMean(count) - value);
    put(this.fastMean - value);
    put(this.slowMean - value);
    put(tape.dayMean() - value);
    put(tape.latest - value);
    this.putDays(put, now, target, value);
    this.putShapes(put, now, target);
    this.putCalendar(rows, k, target);
  }

  private putDays(put: (difference: number) => void, now: number, target: number, value: number): void {
    const { tape } = this;
    const { day } = tape.cycles;
    const ahead = tape.localDistance(now, target);
    const reach = day >= 96 ? 2 : 0;
    for (const days of DAYS_BACK) {
      const back = days * day * Math.ceil(Math.max(1, ahead) / Math.max(1, day * days));
      const then = tape.before(target, days * day);
      // A lag counts only once it has been seen twice; before, the rows would teach nothing about it.
      if (day === 0 || tape.length < (days === 1 ? 1.25 : 2) * back + reach || then < ahead + reach) {
        for (let i = 0; i < 3; i++) put(0);
        continue;
      }
      put(tape.at(then) - value);
      put(tape.at(then) - tape.at(then - ahead));
      put(around(tape, Math.min(then, now - reach), reach) - around(tape, then - ahead, reach));
    }
  }

  private putShapes(put: (difference: number) => void, now: number, target: number): void {
    const { tape, slow, fast } = this;
    const reach = tape.cycles.day >= 96 ? 2 : 0;
    const deviation = tape.at(now) - tape.dayMean();
    const slowNow = slow.dayAt(now, reach) + slow.weekAt(now, reach);
    const fastNow = fast.dayAt(now, reach) + fast.weekAt(now, reach);
    put(slow.dayAt(target, reach) - slow.dayAt(now, reach));
    put(slow.weekAt(target, reach) - slow.weekAt(now, reach));
    put(fast.dayAt(target, reach) - fast.dayAt(now, reach));
    put(fast.weekAt(target, reach) - fast.weekAt(now, reach));
    put(slowNow - deviation);
    put(fastNow - deviation);
    put(slow.dayAt(target, 0) + slow.weekAt(target, 0) - deviation);
    put(slow.dayAt(target, 0) - slow.dayAt(target, reach));
    put(fast.dayAt(target, 0) - fast.dayAt(now, 0));
    const { hour } = tape.cycles;
    if (hour === 0) {
      for (let i = 0; i < 3; i++) put(0);
      return;
    }
    const phase = (index: number) => this.hourShape[(tape.firstCell + index) % hour] as number;
    put(phase(target) - phase(now));
    const back = hour * Math.ceil((target - now) / hour);
    put(now >= back ? tape.at(target - back) - tape.at(now) : 0);
    put(phase(now));
  }

  private putCalendar(rows: Float64Array, from: number, target: number): void {
    const { day, week } = this.tape.cycles;
    let k = from;
    const dayPhase = day > 0 ? this.tape.phase(target, day) : 0;
    const weekPhase = week > 0 ? this.tape.weekPhase(target) : 0;
    for (let harmonic = 1; harmonic <= 3; harmonic++) {
      const angle = day > 0 ? (2 * Math.PI * harmonic * dayPhase) / day : 0;
      rows[k++] = day > 0 ? 0.3 * Math.cos(angle) : 0;
      rows[k++] = 0.3 * Math.sin(angle);
    }
    for (let harmonic = 1; harmonic <= 2; harmonic++) {
      const angle = week > 0 ? (2 * Math.PI * harmonic * weekPhase) / week : 0;
      rows[k++] = week > 0 ? 0.3 * Math.cos(angle) : 0;
      rows[k++] = 0.3 * Math.sin(angle);
    }
    rows[k] = 0.3;
  }
}

function around(tape: Tape, index: number, reach: number): number {
  let sum = 0;
  for (let k = -reach; k <= reach; k++) sum += tape.at(index + k);
  return sum / (2 * reach + 1);
}
