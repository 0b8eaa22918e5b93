import { describe, expect, it } from 'vitest';
import { cellsOf } from './cells.ts';
import type { QuantileDataset, QuantileNetwork, SerialisedNetwork, TrainNetwork } from './network.ts';
import { OnlineForecaster } from './online-forecaster.ts';
import { syntheticLoad } from './synthetic-load.ts';
import { TRAIN_OPTIONS, trainModel } from './trained-model.ts';

const DAY = 1_440;

/** A network whose every quantile is the same correction, whatever it sees. */
function constantNetwork(
  inputs: number,
  outputs: number,
  levels: readonly number[],
  correction: number,
): QuantileNetwork {
  return {
    inputs,
    outputs,
    levels,
    predict: (_, rows) => new Float32Array(rows * outputs * levels.length).fill(correction),
    serialise: () => ({
      format: 'quantile-mlp-1',
      inputs,
      outputs,
      levels,
      hidden: [],
      tensors: [{ name: 'head/bias', shape: [1], data: String(correction) }],
    }),
    dispose: () => {},
  };
}

const load = (saved: SerialisedNetwork) =>
  constantNetwork(saved.inputs, saved.outputs, saved.levels, Number(saved.tensors[0]?.data));

function trainerOf(correction: number, seen: (data: QuantileDataset) => void = () => {}): TrainNetwork {
  return async (data, options, _, onProgress) => {
    seen(data);
    onProgress(options.steps, options.steps);
    return constantNetwork(data.inputs, data.outputs, options.levels, correction);
  };
}

const series = syntheticLoad(11, 8 * DAY);

function fed(until: number): OnlineForecaster {
  const forecaster = new OnlineForecaster();
  for (let i = 0; i < until; i++) forecaster.observe(series.timesMs[i] as number, series.values[i] as number);
  return forecaster;
}

describe('training', () => {
  it('gives the trainer finite inputs, and targets that are absent only at the end', async () => {
    let data: QuantileDataset | null = null;
    const cells = cellsOf(series, 300_000);
    await trainModel(
      cells,
      12,
      trainerOf(0, (given) => {
        data = given;
      }),
      null,
      TRAIN_OPTIONS,
      () => {},
    );
    const { rows, x, y, outputs } = data as unknown as QuantileDataset;
    expect(rows).toBeGreaterThan(1_500);
    expect(x.every((value) => Number.isFinite(value) && Math.abs(value) <= 10)).toBe(true);
    expect(y.subarray(0, (rows - 12) * outputs).every((value) => Math.abs(value) <= 10)).toBe(true);
    expect(y.subarray((rows - 1) * outputs).every(Number.isNaN)).toBe(true);
    // In units of how far the base usually misses, targets are about 1 in size, to either side.
    const known = [...y].filter(Number.isFinite);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value / values.length, 0);
    expect(Math.abs(mean(known))).toBeLessThan(0.3);
    expect(mean(known.map(Math.abs))).toBeGreaterThan(0.7);
    expect(mean(known.map(Math.abs))).toBeLessThan(1.5);
  });

  it('needs no trainer, and none is asked when the history is short', async () => {
    const short = cellsOf(syntheticLoad(1, 600), 300_000);
    const refuse: TrainNetwork = () => Promise.reject(new Error('asked'));
    expect((await trainModel(short, 12, refuse, null, TRAIN_OPTIONS, () => {})).network).toBeNull();
    expect((await trainModel(cellsOf(series, 300_000), 12, null, null, TRAIN_OPTIONS, () => {})).network).toBeNull();
  });

  it('no trainer is asked when a long history is mostly a gap', async () => {
    const days = (from: number, to: number) =>
      [series.timesMs.subarray(from, to), series.values.subarray(from, to)] as const;
    const [early, late] = [days(0, DAY), days(7 * DAY, 8 * DAY)];
    const gappy = {
      timesMs: Float64Array.from([...early[0], ...late[0]]),
      values: Float64Array.from([...early[1], ...late[1]]),
    };
    const refuse: TrainNetwork = () => Promise.reject(new Error('asked'));
    const { network } = await trainModel(cellsOf(gappy, 300_000), 12, refuse, null, TRAIN_OPTIONS, () => {});
    expect(network).toBeNull();
  });

  it('a forecaster weighs a useful network and drops a misleading one', async () => {
    const useful = fed(6 * DAY);
    await useful.train(trainerOf(0));
    const misleading = fed(6 * DAY);
    await misleading.train(trainerOf(8));
    for (const forecaster of [useful, misleading]) {
      for (let i = 6 * DAY; i < series.values.length; i++) {
        forecaster.observe(series.timesMs[i] as number, series.values[i] as number);
      }
    }
    const nowMs = series.timesMs.at(-1) as number;
    const weightOf = (forecaster: OnlineForecaster) => forecaster.forecast(nowMs)?.weights.network as number;
    expect(weightOf(useful)).toBeGreaterThan(0.1);
    expect(weightOf(misleading)).toBeLessThan(0.01);
  });

  it('a model that went through JSON forecasts as the trained one does', async () => {
    const trained = fed(6 * DAY);
    await trained.train(trainerOf(0.1));
    const model = JSON.parse(JSON.stringify(trained.exportModel()));
    const restored = fed(6 * DAY);
    expect(restored.importModel(model, load)).toBe(true);
    const nowMs = series.timesMs[6 * DAY - 1] as number;
    expect(restored.forecast(nowMs)).toEqual(trained.forecast(nowMs));
  });

  it('a model for another step is refused', async () => {
    const trained = fed(6 * DAY);
    await trained.train(trainerOf(0));
    const model = trained.exportModel();
    const hourly = new OnlineForecaster({ rawStepMs: 3_600_000, steps: null });
    hourly.observe(0, 1);
    expect(model && hourly.importModel(model, load)).toBe(false);
  });
});
