import type { PoolConfig, SignalConfig } from '@forescale/shared/config';
import type { Sample, SampleFlag } from '@forescale/shared/domain';
import type { Measurement } from '../sources/source.ts';
import { firstStep, isOutlier, type Steps } from './outliers.ts';
import { unitFactor } from './units.ts';

/** Each of some 100 bytes. Beyond that the series that was quiet longest is forgotten. */
const SERIES_MAX = 20_000;
const LATE_INTERVALS = 3;
const DEFAULT_INTERVAL_MS = 60_000;

interface Series {
  newestMs: number;
  newest: number;
  /** Null of a counter, whose steps say nothing of its values. */
  readonly steps: Steps | null;
  readonly lateMs: number;
}

/** A sample, or why the measurement is none. */
export type Assessed = Sample | { readonly reason: string };

/** Looks at measurements as they come: converts their units, and notices what is odd of them. Drops nothing. */
export class Quality {
  readonly #signals: ReadonlyMap<string, SignalConfig>;
  readonly #series = new Map<string, Series>();
  readonly #factors = new Map<string, number | null>();
  /** Of the measurement before: those of a series often come in a row. */
  #lastKey = '';
  #lastSeries: Series | null = null;
  #duplicates = 0;

  constructor(pools: readonly PoolConfig[]) {
    this.#signals = new Map(pools.flatMap((pool) => pool.signals.map((one) => [`${pool.name}/${one.name}`, one])));
  }

  /** How many came again with the time and value of the newest of their series, since the last call. */
  takeDuplicates(): number {
    const duplicates = this.#duplicates;
    this.#duplicates = 0;
    return duplicates;
  }

  assess(measurement: Measurement): Assessed {
    const { pool, signal, source, timeMs, unit } = measurement;
    const config = this.#signals.get(`${pool}/${signal}`);
    // A signal without a unit takes whatever comes as it stands, and so does what says none.
    const factor = unit && config?.unit ? this.#factorOf(unit, config.unit) : 1;
    if (factor === null)
      return {
        reason: `unit = ${JSON.stringify(unit)}: allowed: ${JSON.stringify(config?.unit)} and what converts to it`,
      };
    const value = measurement.value * factor;
    const flags = this.#flagsOf(`${pool} ${signal} ${source}`, timeMs, value, config);
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

  #flagsOf(key: string, timeMs: number, value: number, config: SignalConfig | undefined): readonly SampleFlag[] | null {
    const series =
      key === this.#lastKey && this.#lastSeries ? this.#lastSeries : this.#find(key, timeMs, value, config);
    this.#lastKey = key;
    this.#lastSeries = series;
    if (timeMs > series.newestMs) {
      series.newestMs = timeMs;
      series.newest = value;
      return series.steps !== null && isOutlier(series.steps, value) ? ['outlier'] : null;
    }
    if (timeMs === series.newestMs) {
      if (value === series.newest) {
        this.#duplicates++;
        return null;
      }
      series.newest = value;
      return ['conflict'];
    }
    return timeMs < series.newestMs - series.lateMs ? ['late'] : null;
  }

  #find(key: string, timeMs: number, value: number, config: SignalConfig | undefined): Series {
    const known = this.#series.get(key);
    // Those that were looked up last are at the end.
    if (known !== undefined) this.#series.delete(key);
    else if (this.#series.size >= SERIES_MAX) this.#series.delete(this.#series.keys().next().value as string);
    const series = known ?? {
      newestMs: timeMs - 1,
      newest: Number.NaN,
      steps: config?.kind === 'counter' ? null : firstStep(value),
      lateMs: LATE_INTERVALS * (config?.intervalMs ?? DEFAULT_INTERVAL_MS),
    };
    this.#series.set(key, series);
    return series;
  }
}
