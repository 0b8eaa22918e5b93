import { PLAIN_CALENDAR } from '@forescale/shared/domain';
import { describe, expect, it } from 'vitest';
import { type Cells, cellsOf } from './cells.ts';
import { constantNetworks } from './constant-networks.test-data.ts';
import type { QuantileDataset, SerialisedNetwork, TrainNetwork } from './network.ts';
import { OnlineForecaster } from './online-forecaster.ts';
import { syntheticLoad } from './synthetic-load.ts';
import { TRAIN_OPTIONS, type TrainedModel, trainModel } from './trained-model.ts';

const DAY = 1_440;

const networksOf = (correction: number) => constantNetworks(() => correction);
const seriesOf = (cells: Cells) => ({ cells, horizon: 12, calendar: PLAIN_CALENDAR });
const refuse: TrainNetwork = () => Promise.reject(new Error('asked'));

const NETWORK: SerialisedNetwork = {
  format: 'quantile-mlp-1',
  inputs: 1,
  outputs: 12,
  levels: [0.5],
  hidden: [],
  tensors: [{ name: 'head/bias', shape: [1], data: '0.3' }],
};

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
      seriesOf(cells),
      constantNetworks((given) => {
        data = given;
        return 0;
      }).train,
      [],
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
    expect((await trainModel(seriesOf(short), refuse, [], TRAIN_OPTIONS, () => {})).network).toBeNull();
    expect(
      (await trainModel(seriesOf(cellsOf(series, 300_000)), null, [], TRAIN_OPTIONS, () => {})).network,
    ).toBeNull();
  });

  it('no trainer is asked when a long history is mostly a gap', async () => {
    const days = (from: number, to: number) =>
      [series.timesMs.subarray(from, to), series.values.subarray(from, to)] as const;
    const [early, late] = [days(0, DAY), days(7 * DAY, 8 * DAY)];
    const gappy = {
      timesMs: Float64Array.from([...early[0], ...late[0]]),
      values: Float64Array.from([...early[1], ...late[1]]),
    };
    const { network } = await trainModel(seriesOf(cellsOf(gappy, 300_000)), refuse, [], TRAIN_OPTIONS, () => {});
    expect(network).toBeNull();
  });

  it('a forecaster weighs a useful network and drops a misleading one', async () => {
    const useful = fed(6 * DAY);
    await useful.train(networksOf(0));
    const misleading = fed(6 * DAY);
    await misleading.train(networksOf(8));
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
    await trained.train(networksOf(0.1));
    const model = JSON.parse(JSON.stringify(trained.exportModel()));
    const restored = fed(6 * DAY);
    expect(restored.importModel(model, networksOf(0).load)).toBe(true);
    const nowMs = series.timesMs[6 * DAY - 1] as number;
    expect(restored.forecast(nowMs)).toEqual(trained.forecast(nowMs));
  });

  it('a model for another step is refused', async () => {
    const trained = fed(6 * DAY);
    await trained.train(networksOf(0));
    const model = trained.exportModel();
    const hourly = new OnlineForecaster({ rawStepMs: 3_600_000, steps: null });
    hourly.observe(0, 1);
    expect(model && hourly.importModel(model, networksOf(0).load)).toBe(false);
  });

  it('a series with too little history goes on with the network it is given', async () => {
    const short = cellsOf(syntheticLoad(1, 600), 300_000);
    const start = { network: NETWORK, unseenFromCell: short.firstCell + 7 };
    const model = await trainModel(seriesOf(short), refuse, [start], TRAIN_OPTIONS, () => {});
    expect(model.network).toEqual(NETWORK);
    expect(model.unseenFromCell).toBe(short.firstCell + 7);
    expect((await trainModel(seriesOf(short), null, [start], TRAIN_OPTIONS, () => {})).network).toBeNull();
  });
});

describe('trial of a new network', () => {
  /** Goes on with a network of another correction. */
  function adopt(forecaster: OnlineForecaster, correction: number): void {
    const model = forecaster.exportModel() as TrainedModel;
    const network = model.network as SerialisedNetwork;
    const tensors = network.tensors.map((tensor) => ({ ...tensor, data: String(correction) }));
    forecaster.importModel({ ...model, network: { ...network, tensors } }, networksOf(correction).load);
  }

  /** Trained after six days; then the correction of the second network, on trial for another half day. */
  async function trial(before: number, after: number) {
    const forecaster = fed(6 * DAY);
    await forecaster.train(networksOf(before));
    expect(forecaster.trialResult()).toBeNull();
    adopt(forecaster, after);
    expect(forecaster.trialResult()).toEqual({ cells: 0, ratio: 1 });
    for (let i = 6 * DAY; i < 6.5 * DAY; i++) {
      forecaster.observe(series.timesMs[i] as number, series.values[i] as number);
    }
    return forecaster;
  }

  it('tells by live cells that the new one is worse, or better', async () => {
    const worse = (await trial(0, 4)).trialResult();
    expect(worse?.cells).toBe(DAY / 10);
    expect(worse?.ratio).toBeGreaterThan(1.5);
    expect((await trial(4, 0)).trialResult()?.ratio).toBeLessThan(0.7);
    expect((await trial(1, 1)).trialResult()?.ratio).toBe(1);
  });

  it('one that comes during a trial is held against the one before that trial, or else against the last', async () => {
    const forecaster = await trial(0, 4);
    adopt(forecaster, 4);
    expect(forecaster.trialResult()).toEqual({ cells: 0, ratio: 1 });
    const follow = (from: number, to: number) => {
      for (let i = from; i < to; i++) forecaster.observe(series.timesMs[i] as number, series.values[i] as number);
    };
    follow(6.5 * DAY, 7 * DAY);
    expect(forecaster.trialResult()?.ratio).toBeGreaterThan(1.5);
    forecaster.endTrial();
    adopt(forecaster, 4);
    follow(7 * DAY, 7.5 * DAY);
    expect(forecaster.trialResult()?.ratio).toBe(1);
  });

  it('the new one forecasts, after a while as if it had been alone, and the trial is over when it is ended', async () => {
    const onTrial = await trial(4, 0);
    const alone = fed(6 * DAY);
    await alone.train(networksOf(0));
    for (let i = 6 * DAY; i < 6.5 * DAY; i++) alone.observe(series.timesMs[i] as number, series.values[i] as number);
    const nowMs = series.timesMs[6.5 * DAY - 1] as number;
    const [median, expected] = [onTrial, alone].map((one) => one.forecast(nowMs)?.quantiles[1]?.[11] as number);
    expect(Math.abs((median as number) / (expected as number) - 1)).toBeLessThan(0.01);
    onTrial.endTrial();
    expect(onTrial.trialResult()).toBeNull();
  });

  it('a network for a load that has become another one makes everything be learned anew', async () => {
    const forecaster = fed(6 * DAY);
    await forecaster.train(networksOf(0));
    const model = forecaster.exportModel() as TrainedModel;
    forecaster.importModel({ ...model, logOffset: 3 * model.logOffset }, networksOf(0).load);
    const fresh = fed(6 * DAY);
    fresh.importModel({ ...model, logOffset: 3 * model.logOffset }, networksOf(0).load);
    const nowMs = series.timesMs[6 * DAY - 1] as number;
    expect(forecaster.forecast(nowMs)?.weights).toEqual(fresh.forecast(nowMs)?.weights);
  });
});
