import { PLAIN_CALENDAR } from '@forescale/shared/domain';
import { describe, expect, it } from 'vitest';
import { type Cells, cellsOf, sliceCells } from './cells.ts';
import { CLUSTER_TRAIN_OPTIONS, type ClusterModel, trainClusterModel } from './cluster-model.ts';
import { constantNetworks } from './constant-networks.test-data.ts';
import type { NetworkOptions, QuantileDataset, TrainNetwork } from './network.ts';
import { syntheticLoad } from './synthetic-load.ts';
import type { TrainingSeries } from './training-series.ts';

const DAY_MINUTES = 1_440;
const HORIZON = 14;
const load = (seed: number, days: number) => seriesOf(cellsOf(syntheticLoad(seed, days * DAY_MINUTES), 300_000));
const seriesOf = (cells: Cells): TrainingSeries => ({ cells, horizon: HORIZON, calendar: PLAIN_CALENDAR });

interface Asked {
  readonly data: QuantileDataset;
  readonly options: NetworkOptions;
  readonly starts: number;
}

/** Trains on `series` with a trainer that shows what it was asked. */
async function train(
  series: readonly TrainingSeries[],
  rowsMax = CLUSTER_TRAIN_OPTIONS.rowsMax,
  warmStart: ClusterModel | null = null,
): Promise<{ readonly model: ClusterModel | null; readonly asked: Asked | null; readonly progress: number[] }> {
  let asked: Asked | null = null;
  const progress: number[] = [];
  const trainer: TrainNetwork = (data, options, starts, onProgress) => {
    asked = { data, options, starts: starts.length };
    return constantNetworks(() => 0.5).train(data, options, starts, onProgress);
  };
  const options = { ...CLUSTER_TRAIN_OPTIONS, rowsMax };
  const model = await trainClusterModel(series, trainer, warmStart, options, (done, of) => progress.push(done / of));
  return { model, asked, progress };
}

const seenRowsOf = ({ data, options }: Asked) => data.rows - Math.floor(data.rows * options.validationShare);

const differing = (one: Float32Array = new Float32Array(), other: Float32Array = new Float32Array()) =>
  one.reduce((count, value, i) => count + (Object.is(value, other[i]) ? 0 : 1), Math.abs(one.length - other.length));

describe('cluster model', () => {
  it('learns from all series, and holds out what came after one moment', async () => {
    const series = [load(1, 6), load(2, 6), load(3, 6)];
    const { model, asked, progress } = await train(series);
    const { firstCell, means } = (series[0] as TrainingSeries).cells;
    const cut = means.length - Math.floor(0.2 * means.length);
    expect(model?.unseenFromCell).toBe(firstCell + cut);
    expect(model?.series).toBe(3);
    // A day to settle; and no row whose targets reach over the cut.
    expect(model?.rows).toBe(3 * (cut - HORIZON - Math.ceil(means.length / 8)));
    expect(seenRowsOf(asked as Asked)).toBe(model?.rows);
    expect(asked?.data.rows).toBe(3 * (means.length - Math.ceil(means.length / 8) - HORIZON));
    expect(asked?.data.x.every(Number.isFinite)).toBe(true);
    expect(asked?.data.y.subarray(0, (model?.rows ?? 0) * HORIZON).every(Number.isFinite)).toBe(true);
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  it('nothing from the cut on is in the rows that it is trained on', async () => {
    const series = [load(1, 5), load(2, 5)];
    const { model, asked } = await train(series);
    const changed = series.map(({ cells }) => {
      const means = cells.means.map((mean, i) =>
        cells.firstCell + i < (model?.unseenFromCell ?? 0) ? mean : 7 * mean,
      );
      return seriesOf({ ...cells, means, latest: means });
    });
    const original = series.map(({ cells }) => seriesOf({ ...cells, latest: cells.means }));
    const [before, after] = [await train(original), await train(changed)].map(({ asked: each }) => {
      const rows = seenRowsOf(each as Asked);
      const { x, y, inputs, outputs } = (each as Asked).data;
      return { x: x.subarray(0, rows * inputs), y: y.subarray(0, rows * outputs) };
    });
    expect(before?.x.length).toBe(seenRowsOf(asked as Asked) * (asked as Asked).data.inputs);
    expect(differing(before?.x, after?.x)).toBe(0);
    expect(differing(before?.y, after?.y)).toBe(0);
  });

  it('keeps within the rows it may take, from all series alike', async () => {
    const series = [load(1, 6), load(2, 6), load(3, 3)];
    const { model, asked } = await train(series, 1_500);
    expect(asked?.data.rows).toBeLessThanOrEqual(1_500 + 2 * series.length);
    expect(asked?.data.rows).toBeGreaterThan(1_000);
    // Every row was written: an input that is always 1 says so.
    const ones = (data: QuantileDataset) =>
      Array.from({ length: data.rows }, (_, row) => data.x.subarray(row * data.inputs, (row + 1) * data.inputs)).filter(
        (row) => row.includes(1),
      ).length;
    expect(ones((asked as Asked).data)).toBe(asked?.data.rows);
    expect(model).not.toBeNull();
  });

  it('goes on from the network before, and needs enough to learn from', async () => {
    const series = [load(1, 4)];
    const first = await train(series);
    const again = await train(series, undefined, first.model);
    expect(again.asked?.starts).toBe(1);
    expect((await train([])).model).toBeNull();
    expect((await train([seriesOf(sliceCells(load(1, 2).cells, 0, 300))])).model).toBeNull();
  });
});
