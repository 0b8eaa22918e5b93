import { typicalOffset } from './log-offset.ts';
import type { SerialisedNetwork, TrainNetwork } from './network.ts';
import { networkInputs } from './network-features.ts';
import { NETWORK_HIDDEN, NETWORK_LEVELS } from './network-member.ts';
import { rowsWithin, writeRows } from './network-rows.ts';
import { shapeOf, type TrainingSeries } from './training-series.ts';

/** One network for all series of a cluster that share step and horizon; a plain object, as `TrainedModel` is. */
export interface ClusterModel {
  readonly format: 'forescale-cluster-model-1';
  readonly stepMs: number;
  readonly horizon: number;
  readonly network: SerialisedNetwork;
  /** Epoch-aligned number of the first cell that it was not trained on, of any series. */
  readonly unseenFromCell: number;
  /** How many series and rows it learned from. */
  readonly series: number;
  readonly rows: number;
}

export interface ClusterTrainOptions {
  readonly seed: number;
  /** Optimiser steps; the budget of the training. */
  readonly steps: number;
  /** Rows of all series together; longer histories give every second, third, … row. A row is about 0.5 kB, with a long horizon more, and then there are fewer. */
  readonly rowsMax: number;
  /** Longest training in milliseconds, after which the best network so far is kept; null: until the steps are done. */
  readonly budgetMs: number | null;
}

export const CLUSTER_TRAIN_OPTIONS: ClusterTrainOptions = { seed: 1, steps: 3_000, rowsMax: 200_000, budgetMs: null };

/** The newest part of the time that the series span: early stopping and later judgement are made on it. */
const UNSEEN_SHARE = 0.2;
/** With fewer rows a network learns nothing that ridge regression does not know. */
const ROWS_MIN = 500;
/** Cells of a series before which the members, on whose forecasts the network builds, have not found their feet. */
const SETTLING_CELLS_MAX = 288;
/** Share of the progress that making the data set is. */
const ROWS_PROGRESS = 0.5;

/** Cells of one series that become rows: every `stride`-th, in the seen and in the unseen part. */
interface Span {
  readonly series: TrainingSeries;
  readonly from: number;
  /** First cell that is not trained on, and first that is held out: between them targets would reach over the cut. */
  readonly seenTo: number;
  readonly heldFrom: number;
}

/**
 * Trains one network on many series of one step and horizon, each in units of its own (see `NetworkFeatures`), so that a quiet
 * series teaches a busy one its shape. All series are cut at one moment: what came later is held out, of every one of
 * them. Null when together they have too little to learn from. Rejects as the trainer does.
 */
export async function trainClusterModel(
  series: readonly TrainingSeries[],
  trainNetwork: TrainNetwork,
  warmStart: ClusterModel | null,
  options: ClusterTrainOptions,
  onProgress: (done: number, of: number) => void,
): Promise<ClusterModel | null> {
  const [first] = series;
  if (!first) return null;
  const { horizon } = first;
  const unseenFromCell = cutOf(series);
  const spans = series.map((one) => spanOf(one, unseenFromCell));
  const rowsMax = rowsWithin(options.rowsMax, horizon);
  const stride = Math.max(1, Math.ceil((count(spans, seenCells, 1) + count(spans, heldCells, 1)) / rowsMax));
  const seenRows = count(spans, seenCells, stride);
  const heldRows = count(spans, heldCells, stride);
  if (seenRows < ROWS_MIN) return null;
  const data = tableOf(spans, horizon, stride, seenRows, heldRows, (share) =>
    onProgress(Math.round(ROWS_PROGRESS * share * options.steps), options.steps),
  );
  const network = await trainNetwork(
    data,
    {
      levels: NETWORK_LEVELS,
      hidden: NETWORK_HIDDEN,
      steps: options.steps,
      budgetMs: options.budgetMs,
      batch: 512,
      learningRate: 2e-3,
      seed: options.seed,
      // Half a row more than there are, against rounding.
      validationShare: heldRows > 0 ? (heldRows + 0.5) / data.rows : 0,
    },
    warmStart ? [warmStart.network] : [],
    (done, of) => onProgress(Math.round((ROWS_PROGRESS + ((1 - ROWS_PROGRESS) * done) / of) * of), of),
  );
  const model = { stepMs: first.cells.stepMs, horizon, network: network.serialise(), unseenFromCell };
  return { format: 'forescale-cluster-model-1', ...model, series: series.length, rows: seenRows };
}

function cutOf(series: readonly TrainingSeries[]): number {
  const end = Math.max(...series.map(({ cells }) => cells.firstCell + cells.means.length));
  const start = Math.min(...series.map(({ cells }) => cells.firstCell));
  return end - Math.floor(UNSEEN_SHARE * (end - start));
}

function spanOf(series: TrainingSeries, unseenFromCell: number): Span {
  const { cells, horizon } = series;
  const { length } = cells.means;
  const from = Math.min(SETTLING_CELLS_MAX, Math.ceil(length / 8));
  const heldFrom = Math.max(from, Math.min(length, unseenFromCell - cells.firstCell));
  return { series, from, seenTo: Math.max(from, heldFrom - horizon), heldFrom };
}

const seenCells = ({ from, seenTo }: Span) => seenTo - from;
const heldCells = ({ heldFrom, series }: Span) => series.cells.means.length - heldFrom;

function count(spans: readonly Span[], cellsOf: (span: Span) => number, stride: number): number {
  return spans.reduce((sum, span) => sum + Math.ceil(cellsOf(span) / stride), 0);
}

/** Rows that are trained on first, held-out ones last. */
function tableOf(
  spans: readonly Span[],
  horizon: number,
  stride: number,
  seenRows: number,
  heldRows: number,
  onProgress: (share: number) => void,
) {
  const rows = seenRows + heldRows;
  const inputs = networkInputs(horizon);
  const table = {
    x: new Float32Array(rows * inputs),
    y: new Float32Array(rows * horizon).fill(Number.NaN),
  };
  let seen = 0;
  let held = seenRows;
  for (const [i, span] of spans.entries()) {
    const { series, from, seenTo, heldFrom } = span;
    const [firstSeen, firstHeld] = [seen, held];
    const slotOf = (index: number) => {
      if (index >= from && index < seenTo) return slotIn(index - from, firstSeen);
      return index >= heldFrom ? slotIn(index - heldFrom, firstHeld) : -1;
    };
    const slotIn = (offset: number, first: number) => (offset % stride === 0 ? first + offset / stride : -1);
    // What a series is measured by must not come from what is held out either.
    const logOffset = typicalOffset(series.cells.means.subarray(0, heldFrom));
    writeRows(series.cells, { ...shapeOf(series), logOffset }, slotOf, table);
    seen += Math.ceil(seenCells(span) / stride);
    held += Math.ceil(heldCells(span) / stride);
    onProgress((i + 1) / spans.length);
  }
  return { rows, inputs, outputs: horizon, ...table };
}
