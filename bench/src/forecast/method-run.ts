import {
  lossesByOrigin,
  type OriginLoss,
  type QuantileForecast,
  SCORED_LEVELS,
  scoreForecasts,
} from '@forescale/predictor/backtest';
import type { Row } from '../benchmark.ts';

const DAY_SECONDS = 86_400;

/** A trace on the grid, and where forecasts are issued; the same for every method. */
export interface Task {
  readonly trace: string;
  readonly stepSeconds: number;
  readonly firstCell: number;
  /** NaN where nothing was measured. */
  readonly values: Float64Array;
  readonly horizon: number;
  readonly origins: readonly number[];
}

/** What a method answered to a task: a forecast for each of `origins`, which may be fewer than the task's. */
export interface Answer {
  readonly origins: readonly number[];
  readonly forecasts: readonly QuantileForecast[];
  readonly seconds: number;
}

/** One method on one trace, scored; `failed` says why where there is no answer. */
export interface Measurement {
  readonly trace: string;
  readonly method: string;
  readonly wql: number;
  readonly mase: number;
  readonly coverage90: number;
  readonly coverage99: number;
  readonly seconds: number;
  /** By origin: what is compared with other methods is what both answered. */
  readonly losses: ReadonlyMap<number, OriginLoss>;
  /** Of all origins of the task. */
  readonly originsShare: number;
  readonly failed: string | null;
  /** Beyond the contract's fields, such as the coverage of maxima. */
  readonly more: Row;
}

export function measurementOf(task: Task, method: string, answer: Answer, more: Row = {}): Measurement {
  const { origins, forecasts, seconds } = answer;
  const dayCells = Math.round(DAY_SECONDS / task.stepSeconds);
  const score = scoreForecasts(task.values, origins, forecasts, SCORED_LEVELS, dayCells);
  const losses = lossesByOrigin(task.values, origins, forecasts, SCORED_LEVELS);
  return {
    trace: task.trace,
    method,
    wql: score.wql,
    mase: score.mase,
    coverage90: score.coverage['0.9'] ?? 0,
    coverage99: score.coverage['0.99'] ?? 0,
    seconds,
    losses: new Map(origins.map((origin, i) => [origin, losses[i] as OriginLoss])),
    originsShare: origins.length / task.origins.length,
    failed: null,
    more,
  };
}

export function failure(trace: string, method: string, failed: string): Measurement {
  const nothing = { wql: Number.NaN, mase: Number.NaN, coverage90: Number.NaN, coverage99: Number.NaN };
  return { trace, method, ...nothing, seconds: Number.NaN, losses: new Map(), originsShare: 0, failed, more: {} };
}

/** As the contract has it; what was not measured is null, and says why. */
export function rowOf(measurement: Measurement): Row {
  const { trace, method, wql, mase, coverage90, coverage99, seconds, losses, originsShare, failed, more } = measurement;
  const orNull = (value: number) => (Number.isNaN(value) ? null : value);
  const numbers = { wql, mase, coverage90, coverage99, seconds };
  const measured = Object.fromEntries(Object.entries(numbers).map(([key, value]) => [key, orNull(value)]));
  const note = failed ?? (originsShare < 1 ? `${losses.size} origins only` : null);
  return { trace, method, ...measured, origins: losses.size, ...(note === null ? {} : { note }), ...more };
}

/** The plain median of other methods' quantiles, level by level: what combining peers gains without any learning. */
export function medianOf(answers: readonly Answer[]): Answer {
  const first = answers[0] as Answer;
  const forecasts = first.forecasts.map((_, i) =>
    Object.fromEntries(
      SCORED_LEVELS.map(String).map((level) => {
        const rows = answers.map(({ forecasts }) => forecasts[i]?.[level] ?? []);
        return [level, (rows[0] ?? []).map((_, step) => middle(rows.map((row) => row[step] as number)))];
      }),
    ),
  );
  return { origins: first.origins, forecasts, seconds: answers.reduce((sum, { seconds }) => sum + seconds, 0) };
}

function middle(values: number[]): number {
  values.sort((a, b) => a - b);
  const half = values.length >> 1;
  return values.length % 2 === 1
    ? (values[half] as number)
    : ((values[half - 1] as number) + (values[half] as number)) / 2;
}
