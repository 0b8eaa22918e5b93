import { PLAIN_CALENDAR, type Series } from '@forescale/shared/domain';
import { type Cells, cellsOf, sliceCells } from '../model/cells.ts';
import type { Ensemble } from '../model/ensemble.ts';
import { usualStepMs } from '../model/grid.ts';
import { LADDER, MEMBER_NAMES } from '../model/ladder.ts';
import type { Networks, QuantileNetwork } from '../model/network.ts';
import { createNetworkAlone } from '../model/network-alone.ts';
import { createEnsemble, createLadder, type ShapeOptions } from '../model/shape.ts';
import { TRAIN_OPTIONS, trainModel } from '../model/trained-model.ts';
import { shapeOf } from '../model/training-series.ts';
import { BacktestTooShortError } from './errors.ts';
import { type MaximaScores, scoreMaxima } from './maxima.ts';
import { originsOf, testStart } from './origins.ts';
import { type QuantileForecast, type Score, scoreForecasts } from './score.ts';

/** The levels that are scored. */
export const SCORED_LEVELS = [0.1, 0.5, 0.9, 0.95, 0.99] as const;

/** What can be evaluated: everything combined, or one member alone. */
export const METHOD_NAMES = ['forescale', ...MEMBER_NAMES, 'network'] as const;
export type MethodName = (typeof METHOD_NAMES)[number];

export interface BacktestOptions {
  /** Step of the grid; without it 5 min for finer series, else the series' own. */
  readonly stepMs?: number;
  /** Cells ahead. */
  readonly horizon: number;
  readonly origins: number;
  readonly testFraction: number;
  /** `network` is left out of the result where the history is too short to train one. */
  readonly methods?: readonly MethodName[];
  /** Whether maxima are scored too, which takes as long again as `forescale` alone. */
  readonly maxima?: boolean;
  /** Where the seconds in the result come from; without it they are 0. */
  readonly nowMs?: () => number;
}

export interface BacktestResult {
  /** Seconds. */
  readonly step: number;
  readonly horizon: number;
  /** Cell indices. */
  readonly origins: readonly number[];
  /** Start of each origin's cell. */
  readonly timestamps: readonly string[];
  readonly methods: Readonly<
    Record<string, { readonly seconds: number; readonly forecasts: readonly QuantileForecast[] }>
  >;
  readonly scores: Readonly<Record<string, Score>>;
  /** How good the forecasts of maxima over minutes were; empty unless asked for, and for 5 min and coarser. */
  readonly maxima: MaximaScores;
}

/** Cells before the test part that are learned from; more would cost time and gain nothing. */
const HISTORY_CELLS_MAX = 10_000;
const DAY_MS = 86_400_000;
const FINE_STEP_MS = 300_000;

/**
 * Rolling-origin evaluation of the methods on one series. Everything that needs training is trained once, on the cells
 * before the test part; then each cell up to an origin is learned from as it passes, and none from the origin on.
 * Rejects with `BacktestTooShortError` when no origin can be placed.
 */
export async function backtest(
  series: Series,
  options: BacktestOptions,
  networks: Networks | null,
  onProgress: (done: number, of: number) => void,
): Promise<BacktestResult> {
  const stepMs = options.stepMs ?? Math.max(FINE_STEP_MS, usualStepMs(series));
  const cells = cellsOf(series, stepMs);
  const { horizon, testFraction } = options;
  const origins = originsOf(cells.means, horizon, options.origins, testFraction);
  if (origins.length === 0) throw new BacktestTooShortError(cells.means.length, horizon);
  const methods = options.methods ?? ['forescale', 'seasonal-naive', 'persistence'];
  const nowMs = options.nowMs ?? (() => 0);
  const from = Math.max(0, testStart(cells.means.length, testFraction) - HISTORY_CELLS_MAX);
  const results: Record<string, { seconds: number; forecasts: QuantileForecast[] }> = {};
  const parts = methods.length + (options.maxima ? 1 : 0);
  for (const [i, method] of methods.entries()) {
    const startedMs = nowMs();
    const progress = (share: number) => onProgress(i + share, parts);
    const known = sliceCells(cells, from, testStart(cells.means.length, testFraction));
    const trainer = method === 'forescale' || method === 'network' ? (networks?.train ?? null) : null;
    const trained = { cells: known, horizon, calendar: PLAIN_CALENDAR };
    const model = await trainModel(trained, trainer, [], TRAIN_OPTIONS, (done, of) => progress((0.5 * done) / of));
    const network = networks && model.network ? networks.load(model.network) : null;
    const ensemble = ensembleOf(method, shapeOf(trained), network, model.unseenFromCell);
    if (!ensemble) continue;
    const forecasts = roll(ensemble, cells, from, origins, (share) => progress(0.5 + 0.5 * share));
    results[method] = { seconds: (nowMs() - startedMs) / 1000, forecasts };
  }
  const maxima = options.maxima
    ? await scoreMaxima(series, testFraction, networks, (share) => onProgress(methods.length + share, parts))
    : {};
  const dayCells = Math.round(DAY_MS / stepMs);
  const score = ({ forecasts }: { forecasts: QuantileForecast[] }) =>
    scoreForecasts(cells.means, origins, forecasts, SCORED_LEVELS, dayCells);
  return {
    step: stepMs / 1000,
    horizon,
    origins,
    timestamps: origins.map((origin) => new Date((cells.firstCell + origin) * stepMs).toISOString()),
    methods: results,
    scores: Object.fromEntries(Object.entries(results).map(([method, result]) => [method, score(result)])),
    maxima,
  };
}

/** Null for the network where none could be trained. */
function ensembleOf(
  method: MethodName,
  shape: ShapeOptions,
  network: QuantileNetwork | null,
  unseenFromCell: number,
): Ensemble | null {
  if (method === 'forescale') return createEnsemble(shape, network, unseenFromCell).ensemble;
  if (method === 'network') return network && createNetworkAlone(shape, network, unseenFromCell);
  return createLadder(
    shape,
    LADDER.filter(({ name }) => name === method),
  );
}

function roll(
  ensemble: Ensemble,
  cells: Cells,
  from: number,
  origins: readonly number[],
  onProgress: (share: number) => void,
): QuantileForecast[] {
  const forecasts: QuantileForecast[] = [];
  let next = from;
  for (const [i, origin] of origins.entries()) {
    for (; next < origin; next++) ensemble.push(cells.means[next] as number, cells.latest[next] as number);
    const byStep = Array.from({ length: ensemble.horizon }, (_, step) => ensemble.quantiles(step + 1, SCORED_LEVELS));
    forecasts.push(
      Object.fromEntries(
        SCORED_LEVELS.map((level, k) => [String(level), byStep.map((quantiles) => quantiles[k] as number)]),
      ),
    );
    onProgress((i + 1) / origins.length);
  }
  return forecasts;
}
