import { FORECAST_LEVELS, type Forecast, type ForecastAccuracy, MAX_LEAD_MINUTES } from '@forescale/shared/domain';
import type { ReplayForecaster } from '@forescale/simulator/replay';

/** Steps of a forecast: the horizon of an hour in steps of 5 min, as pools have it by default. */
const STEPS = 12;
const LEVELS = FORECAST_LEVELS.length;
const LEADS = MAX_LEAD_MINUTES.length;
const ACCURACY = ['wql', 'mase', 'coverage90', 'coverage99', 'relativeError', 'hours'] as const;
/** Issued, valid until, step, first time; then the accuracy, NaN for null. */
const HEAD = 4 + ACCURACY.length;
const WIDTH = HEAD + LEVELS * (STEPS + LEADS);

/**
 * The forecasts of one trace, one row for each minute: they depend on nothing that is swept, so that they are made
 * once and shared by all runs and threads. 1 KB a row; a row of NaN is a minute that had no forecast.
 */
export class ForecastTable {
  readonly buffer: SharedArrayBuffer;
  readonly #rows: Float64Array;
  readonly #startMs: number;
  readonly #stepMs: number;
  /** Made when first asked for, and kept: a sweep asks for each a hundred times. */
  readonly #forecasts: (Forecast | null | undefined)[] = [];

  constructor(startMs: number, stepMs: number, buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#rows = new Float64Array(buffer);
    this.#startMs = startMs;
    this.#stepMs = stepMs;
  }

  /** Without any forecast yet, for so many minutes. */
  static empty(startMs: number, stepMs: number, rows: number): ForecastTable {
    const buffer = new SharedArrayBuffer(8 * WIDTH * rows);
    new Float64Array(buffer).fill(Number.NaN);
    return new ForecastTable(startMs, stepMs, buffer);
  }

  put(nowMs: number, forecast: Forecast | null): void {
    if (forecast === null) return;
    if (forecast.timesMs.length !== STEPS) throw new RangeError(`a forecast of ${forecast.timesMs.length} steps`);
    const accuracy = ACCURACY.map((key) => forecast.accuracy?.[key] ?? Number.NaN);
    const { issuedMs, stepMs, validUntilMs } = forecast;
    const head = [issuedMs, validUntilMs, stepMs, forecast.timesMs[0] as number, ...accuracy];
    const values = [...head, ...forecast.quantiles.flat(), ...forecast.maxQuantiles.flat()];
    this.#rows.set(values, WIDTH * this.#rowAt(nowMs));
  }

  at(nowMs: number): Forecast | null {
    const row = this.#rowAt(nowMs);
    this.#forecasts[row] ??= this.#read(row);
    return this.#forecasts[row] ?? null;
  }

  #rowAt(nowMs: number): number {
    return Math.round((nowMs - this.#startMs) / this.#stepMs);
  }

  #read(row: number): Forecast | null {
    const values = this.#rows.subarray(WIDTH * row, WIDTH * (row + 1));
    const [issuedMs = Number.NaN, validUntilMs = 0, stepMs = 0, firstMs = 0, ...accuracy] = values.subarray(0, HEAD);
    if (Number.isNaN(issuedMs)) return null;
    const matrix = (from: number, columns: number) =>
      FORECAST_LEVELS.map((_, level) => [...values.subarray(from + level * columns, from + (level + 1) * columns)]);
    return {
      pool: POOL_NAME,
      signal: SIGNAL_NAME,
      issuedMs,
      validUntilMs,
      stepMs,
      levels: FORECAST_LEVELS,
      timesMs: Array.from({ length: STEPS }, (_, step) => firstMs + step * stepMs),
      quantiles: matrix(HEAD, STEPS),
      maxQuantiles: matrix(HEAD + LEVELS * STEPS, LEADS),
      model: 'combination',
      backend: 'none',
      weights: {},
      accuracy: accuracyOf(accuracy),
    };
  }
}

function accuracyOf([
  wql,
  mase,
  coverage90,
  coverage99,
  relativeError,
  hours,
]: readonly number[]): ForecastAccuracy | null {
  if (wql === undefined || Number.isNaN(wql)) return null;
  const known = (value: number | undefined) => value ?? Number.NaN;
  const orNull = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? null : value);
  return {
    wql,
    mase: known(mase),
    coverage90: known(coverage90),
    coverage99: known(coverage99),
    relativeError: orNull(relativeError),
    hours: orNull(hours),
  };
}

export const POOL_NAME = 'bench';
export const SIGNAL_NAME = 'load';

/** Writes down every forecast that a replay asks for. */
export function recording(forecaster: ReplayForecaster, table: ForecastTable): ReplayForecaster {
  return {
    observe: (timeMs, value) => forecaster.observe(timeMs, value),
    train: (nowMs) => forecaster.train(nowMs),
    forecast(nowMs) {
      const forecast = forecaster.forecast(nowMs);
      table.put(nowMs, forecast);
      return forecast;
    },
  };
}

/** Says what was written down. */
export function recorded(table: ForecastTable): ReplayForecaster {
  return { observe() {}, train: async () => {}, forecast: (nowMs) => table.at(nowMs) };
}
