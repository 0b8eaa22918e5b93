import type { PoolConfig, SignalConfig } from '@forescale/shared/config';
import type { Sample, SampleFlag } from '@forescale/shared/domain';
import type { Measurement } from '../sources/source.ts';
import { firstStep, isOutlier, type Steps } from './outliers.ts';
import { unitFactor } from './units.ts';

/** Each of some 100 bytes. Beyond that the series that was quiet longest is forgotten. */
const SERIES_MAX = 20_000;
const LATE_INTERVALS = 3;
const DEFAULT_INTERVAL_MS = 60_000;

/** Made once, for all samples. */
const FLAGS = {
  timely: { plain: null, outlier: ['outlier'], conflict: ['conflict'] },
  late: { plain: ['late'], outlier: ['outlier', 'late'], conflict: ['late', 'conflict'] },
} as const satisfies Record<string, Record<string, readonly SampleFlag[] | null>>;

interface Series {
  newestMs: number;
  newest: number;
  /** Null of a counter, whose steps say nothing of its values. */
  readonly steps: Steps | null;
}

/** A sample, or why the measurement is none. */
export type Assessed = Sample | { readonly reason: string };

/** What is counted of samples and no flag of one. */
export interface Counted {
  /** Those with the time and value of the newest of their series. */
  readonly duplicate: number;
  /** Those that are older than it, late ones among them. */
  readonly 'out of order': number;
}

/** Looks at measurements as they come: converts their units, and notices what is odd of them. Drops nothing. */
export class Quality {
  readonly #signals: ReadonlyMap<string, SignalConfig>;
  readonly #series = new Map<string, Series>();
  readonly #factors = new Map<string, number | null>();
  /** Of the measurement before: those of a series often come in a row. */
  #last: { readonly of: Measurement; readonly config: SignalConfig | undefined; readonly series: Series } | null = null;
  #duplicates = 0;
  #outOfOrder = 0;

  constructor(pools: readonly PoolConfig[]) {
    this.#signals = new Map(pools.flatMap((pool) => pool.signals.map((one) => [`${pool.name}/${one.name}`, one])));
  }

  /** Since the last call. */
  takeCounts(): Counted {
    const counts = { duplicate: this.#duplicates, 'out of order': this.#outOfOrder };
    this.#duplicates = 0;
    this.#outOfOrder = 0;
    return counts;
  }

  /** Of a source that says something every `intervalMs`, if that is longer than the signal's own interval. */
  assess(measurement: Measurement, nowMs: number, intervalMs = 0): Assessed {
    const { pool, signal, source, timeMs, unit } = measurement;
    const last = this.#last?.of;
    const isSameSignal = last?.signal === signal && last.pool === pool;
    const config = isSameSignal ? this.#last?.config : this.#signals.get(`${pool}/${signal}`);
    // A signal without a unit takes whatever comes as it stands, and so does what says none.
    const factor = unit && config?.unit ? this.#factorOf(unit, config.unit) : 1;
    if (factor === null)
      return {
        reason: `unit = ${JSON.stringify(unit)}: allowed: ${JSON.stringify(config?.unit)} and what converts to it`,
      };
    const value = measurement.value * factor;
    if (!Number.isFinite(value))
      return { reason: `value = ${measurement.value} ${unit}: allowed: a finite number of ${config?.unit}` };
    const isSame = isSameSignal && last?.source === source && this.#last !== null;
    const series = isSame ? (this.#last?.series as Series) : this.#find(measurement, value, config);
    if (!isSame) this.#last = { of: measurement, config, series };
    const lateMs = LATE_INTERVALS * Math.max(intervalMs, config?.intervalMs ?? DEFAULT_INTERVAL_MS);
    const isLate = timeMs < Math.max(series.newestMs, nowMs) - lateMs;
    const flags = this.#flagsOf(series, timeMs, value, isLate);
    if (flags === null && unit === undefined) return measurement;
    return { pool, signal, source, timeMs, value, ...(flags === null ? {} : { flags }) };
  }

  #factorOf(unit: string, wanted: string): number | null {
    const key = `${unit}\n${wanted}`;
    let factor = this.#factors.get(key);
    if (factor === undefined) {
      factor = unitFactor(unit, wanted);
      // Whoever sends a new unit each time is refused each time anyway.
      if (this.#factors.size < 1_000) this.#factors.set(key, factor);
    }
    return factor;
  }

  #flagsOf(series: Series, timeMs: number, value: number, isLate: boolean): readonly SampleFlag[] | null {
    if (timeMs > series.newestMs) {
      series.newestMs = timeMs;
      series.newest = value;
      const isOdd = series.steps !== null && isOutlier(series.steps, value);
      return FLAGS[isLate ? 'late' : 'timely'][isOdd ? 'outlier' : 'plain'];
    }
    if (timeMs === series.newestMs) {
      if (value === series.newest) {
        this.#duplicates++;
        return null;
      }
      series.newest = value;
      return FLAGS[isLate ? 'late' : 'timely'].conflict;
    }
    this.#outOfOrder++;
    return isLate ? FLAGS.late.plain : null;
  }

  #find({ pool, signal, source, timeMs }: Measurement, value: number, config: SignalConfig | undefined): Series {
    const key = `${pool} ${signal} ${source}`;
    const known = this.#series.get(key);
    // Those that were looked up last are at the end.
    if (known !== undefined) this.#series.delete(key);
    else if (this.#series.size >= SERIES_MAX) this.#series.delete(this.#series.keys().next().value as string);
    const series = known ?? {
      newestMs: timeMs - 1,
      newest: Number.NaN,
      steps: config?.kind === 'counter' ? null : firstStep(value),
    };
    this.#series.set(key, series);
    return series;
  }
}
