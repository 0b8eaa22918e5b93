import { parseConfig } from '@forescale/shared/config';
import { createMemoryState } from '@forescale/shared/state';
import { createSqliteStore, type Store } from '@forescale/shared/store';
import { type Log, silentInstruments, silentLog } from '@forescale/shared/telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allSeries, type SeriesConfig } from '../history/index.ts';
import { OnlineForecaster, type TrainedModel } from '../model/index.ts';
import { networkInputs } from '../model/network-features.ts';
import { createStateModelStore, type ModelStore } from '../training/index.ts';
import { modelOf } from '../training/model-store.conformance.ts';
import { type Forecaster, SeriesPredictor } from './series-predictor.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
const START_MS = Date.UTC(2026, 2, 4, 9);
const HALF_DAY_CELLS = 144;

const [CONFIG] = allSeries(
  parseConfig('autoscaler: { pools: [{ name: web, signals: [{ name: cpu, interval: 1m }] }] }', 'test', {}),
) as [SeriesConfig];
const { stepMs, horizon } = CONFIG.shape;

let store: Store;
let models: ModelStore;
beforeEach(async () => {
  store = await createSqliteStore({ path: ':memory:' });
  models = createStateModelStore(createMemoryState());
});
afterEach(() => store.close());

async function measure(fromMs: number, minutes: number): Promise<void> {
  await store.write(
    Array.from({ length: minutes }, (_, i) => ({
      measurement: 'kpi',
      tags: { pool: 'web', signal: 'cpu', source: 'test' },
      fields: { value: 100 + (i % 7) },
      timeMs: fromMs + i * MINUTE_MS,
    })),
  );
}

/** A forecaster that knows its model by its `logOffset`, and is told how the new one does against the one before. */
class FakeForecaster implements Forecaster {
  readonly adopted: number[] = [];
  trial: { cells: number; ratio: number } | null = null;

  observe(): boolean {
    return true;
  }

  forecast(): null {
    return null;
  }

  importModel({ logOffset }: TrainedModel): boolean {
    this.trial = this.adopted.length > 0 ? { cells: 0, ratio: 1 } : null;
    this.adopted.push(logOffset);
    return true;
  }

  trialResult() {
    return this.trial;
  }

  endTrial(): void {
    this.trial = null;
  }
}

function parts() {
  return { config: CONFIG, store, models, instruments: silentInstruments(), backend: 'wasm', log: silentLog() };
}

function predictor(forecaster?: FakeForecaster): SeriesPredictor {
  return new SeriesPredictor(forecaster ? { ...parts(), createForecaster: () => forecaster } : parts());
}

const save = (number: number, savedMs = START_MS, cells = 100) =>
  models.save(CONFIG.key, { ...modelOf(number, networkInputs(horizon), horizon), stepMs, horizon }, { savedMs, cells });

describe('the models of a series', () => {
  it('the newest is loaded before the history, and a newer one when it is there', async () => {
    await save(1);
    await save(2);
    const forecaster = new FakeForecaster();
    const one = predictor(forecaster);
    expect(await one.adoptNewer()).toBe(false);
    await one.follow(START_MS);
    expect(await one.adoptNewer()).toBe(false);
    await save(3);
    expect(await one.adoptNewer()).toBe(true);
    expect(forecaster.adopted).toEqual([2, 3]);
  });

  it.each([
    ['another horizon', { ...modelOf(1, networkInputs(horizon + 1), horizon + 1), stepMs, horizon: horizon + 1 }],
    ['another version, with other inputs', { ...modelOf(1, networkInputs(horizon) - 1, horizon), stepMs, horizon }],
  ])('one of %s is left alone', async (_, other) => {
    await models.save(CONFIG.key, other, { savedMs: 1, cells: 1 });
    const forecaster = new FakeForecaster();
    await predictor(forecaster).follow(START_MS);
    expect(forecaster.adopted).toEqual([]);
  });

  it('have the shape that the forecaster of the series wants', () => {
    const forecaster = new OnlineForecaster({ rawStepMs: CONFIG.signal.intervalMs, steps: CONFIG.shape.steps });
    forecaster.observe(START_MS, 1);
    expect(forecaster.trainingCells()).toMatchObject({ horizon, cells: { stepMs } });
  });

  it.each([
    ['worse', HALF_DAY_CELLS, 1.06, [1, 2, 1], [1]],
    ['hardly worse', HALF_DAY_CELLS, 1.04, [1, 2], [2, 1]],
    ['better', HALF_DAY_CELLS, 0.9, [1, 2], [2, 1]],
    ['worse, but not for long', HALF_DAY_CELLS - 1, 2, [1, 2], [2, 1]],
  ])('a new one that does %s', async (_, cells, ratio, adopted, versions) => {
    await save(1);
    const forecaster = new FakeForecaster();
    const one = predictor(forecaster);
    await one.follow(START_MS);
    await one.judge();
    await save(2);
    await one.adoptNewer();
    forecaster.trial = { cells, ratio };
    await one.judge();
    expect(forecaster.adopted).toEqual(adopted);
    expect(await models.versions(CONFIG.key)).toEqual(versions);
    expect(forecaster.trial === null).toBe(cells === HALF_DAY_CELLS);
    // Judged once; what was rejected is not taken up again, and the next one is.
    await one.judge();
    expect(await one.adoptNewer()).toBe(false);
    await save(3);
    expect(await one.adoptNewer()).toBe(true);
    expect(forecaster.adopted).toEqual([...adopted, 3]);
  });

  it('one that comes during a trial is held against the one before that trial', async () => {
    await save(1);
    const forecaster = new FakeForecaster();
    const one = predictor(forecaster);
    await one.follow(START_MS);
    for (const number of [2, 3]) {
      await save(number);
      await one.adoptNewer();
      await one.judge();
    }
    forecaster.trial = { cells: HALF_DAY_CELLS, ratio: 2 };
    await one.judge();
    expect(forecaster.adopted).toEqual([1, 2, 3, 1]);
    expect(await models.versions(CONFIG.key)).toEqual([1]);
  });

  it('one that comes while the one before is rejected is not, and is held against the same one', async () => {
    await save(1);
    const forecaster = new FakeForecaster();
    const one = predictor(forecaster);
    await one.follow(START_MS);
    await save(2);
    await one.adoptNewer();
    await save(3);
    forecaster.trial = { cells: HALF_DAY_CELLS, ratio: 2 };
    await Promise.all([one.judge(), one.adoptNewer(), one.judge()]);
    expect(forecaster.adopted).toEqual([1, 2, 3]);
    expect(await models.versions(CONFIG.key)).toEqual([3, 1]);
    forecaster.trial = { cells: HALF_DAY_CELLS, ratio: 2 };
    await one.judge();
    expect(forecaster.adopted).toEqual([1, 2, 3, 1]);
  });

  it('one that another process has rejected is left', async () => {
    await save(1);
    const forecaster = new FakeForecaster();
    const one = predictor(forecaster);
    await one.follow(START_MS);
    await save(2);
    await one.adoptNewer();
    await models.rollback(CONFIG.key, 1, 2);
    expect(await one.adoptNewer()).toBe(true);
    expect(forecaster.adopted).toEqual([1, 2, 1]);
    expect(forecaster.trial).toBeNull();
  });

  it('one that does worse than one that is not kept any more goes on, and a line says so', async () => {
    await save(1);
    const forecaster = new FakeForecaster();
    const lines: unknown[] = [];
    const log = { info() {}, warn: (...said: unknown[]) => void lines.push(said), child: () => log } as unknown as Log;
    const one = new SeriesPredictor({ ...parts(), log, createForecaster: () => forecaster });
    await one.follow(START_MS);
    await save(2);
    await one.adoptNewer();
    for (const number of [3, 4]) await save(number);
    forecaster.trial = { cells: HALF_DAY_CELLS, ratio: 2 };
    await one.judge();
    expect(lines).toEqual([
      [expect.objectContaining({ version: 2, previous: 1 }), expect.stringContaining('not kept any more')],
    ]);
    expect(forecaster.trial).toBeNull();
    expect(forecaster.adopted).toEqual([1, 2]);
  });

  it('one that was rejected is not trained again before its time', async () => {
    await measure(START_MS - 200 * MINUTE_MS, 200);
    await save(1, START_MS - 2 * DAY_MS);
    const forecaster = new FakeForecaster();
    const one = predictor(forecaster);
    await one.follow(START_MS);
    expect(one.reasonToTrain(START_MS, null)).toBe('schedule');
    await save(2, START_MS);
    await one.adoptNewer();
    forecaster.trial = { cells: HALF_DAY_CELLS, ratio: 2 };
    await one.judge();
    expect(one.reasonToTrain(START_MS + DAY_MS - 1, null)).toBeNull();
    expect(one.reasonToTrain(START_MS + DAY_MS, null)).toBe('schedule');
  });
});

describe('when a series is trained', () => {
  it('not before there are 120 samples', async () => {
    await measure(START_MS - 119 * MINUTE_MS, 119);
    const one = predictor();
    await one.follow(START_MS);
    expect(one.reasonToTrain(START_MS, null)).toBeNull();
    await measure(START_MS, 1);
    await one.follow(START_MS);
    expect(one.reasonToTrain(START_MS, null)).toBe('first');
  });

  it('when there is twice the history of the last time', async () => {
    await save(1, START_MS, 20);
    await measure(START_MS - 39 * 5 * MINUTE_MS, 38 * 5);
    const one = predictor(new FakeForecaster());
    await one.follow(START_MS);
    expect(one.cells).toBe(38);
    expect(one.reasonToTrain(START_MS, null)).toBeNull();
    await measure(START_MS - 5 * MINUTE_MS, 6);
    await one.follow(START_MS + MINUTE_MS);
    expect(one.reasonToTrain(START_MS, null)).toBe('data');
  });

  it('when older history was filled in, which whoever knows little of it notices within minutes', async () => {
    await measure(START_MS - 60 * MINUTE_MS, 60);
    const one = predictor();
    await one.follow(START_MS);
    await measure(START_MS - 2 * DAY_MS, 2 * 1_440 - 60);
    await measure(START_MS, 1);
    await one.follow(START_MS + MINUTE_MS);
    expect(one.isLoaded).toBe(false);
    await one.follow(START_MS + MINUTE_MS);
    expect(one.cells).toBe(577);
    // An import brings the newest first, so that what is still to come is older again.
    await measure(START_MS - 4 * DAY_MS, 2 * 1_440);
    await one.follow(START_MS + 49 * MINUTE_MS);
    await one.follow(START_MS + 49 * MINUTE_MS);
    expect(one.cells).toBe(2 * 576 + 1);
  });

  it('when older history was filled in, which whoever knows hours of it looks for less often', async () => {
    await measure(START_MS - 200 * MINUTE_MS, 200);
    await save(1, START_MS, 40);
    const one = predictor();
    await one.follow(START_MS);
    expect(one.cells).toBe(40);
    await measure(START_MS - 2 * DAY_MS, 2_680);
    await measure(START_MS, 1);
    await one.follow(START_MS + 3 * MINUTE_MS);
    expect(one.reasonToTrain(START_MS, null)).toBeNull();
    await one.follow(START_MS + 4 * MINUTE_MS);
    // It is for whoever loads new series to take it on; meanwhile half a history forecasts nothing.
    expect(one.isLoaded).toBe(false);
    expect(one.cells).toBe(0);
    expect(one.forecast(START_MS + MINUTE_MS)).toBeNull();
    await one.follow(START_MS + 4 * MINUTE_MS);
    expect(one.cells).toBe(577);
    expect(one.reasonToTrain(START_MS, null)).toBe('data');
    expect(one.forecast(START_MS + MINUTE_MS)).not.toBeNull();
  });

  it('a reload that fails gives no forecast of what was known before', async () => {
    await measure(START_MS - 200 * MINUTE_MS, 200);
    let isAway = false;
    const away: Store = Object.create(store, {
      query: {
        value: (query: Parameters<Store['query']>[0]) =>
          isAway && query.limit !== 1 ? Promise.reject(new Error('away')) : store.query(query),
      },
    });
    const one = new SeriesPredictor({ ...parts(), store: away });
    await one.follow(START_MS);
    await measure(START_MS - 2 * DAY_MS, 2_680);
    await measure(START_MS, 60);
    await one.follow(START_MS + 3 * MINUTE_MS);
    expect(one.forecast(START_MS + 4 * MINUTE_MS)).not.toBeNull();
    isAway = true;
    await one.follow(START_MS + 4 * MINUTE_MS);
    await expect(one.follow(START_MS + 4 * MINUTE_MS)).rejects.toThrow('away');
    expect(one.isLoaded).toBe(false);
    expect(one.forecast(START_MS + 4 * MINUTE_MS)).toBeNull();
  });

  it('a counter whose first rate came long after its first row does not begin anew', async () => {
    const [counter] = allSeries(
      parseConfig(
        'autoscaler: { pools: [{ name: web, signals: [{ name: cpu, kind: counter, interval: 1m }] }] }',
        'test',
        {},
      ),
    ) as [SeriesConfig];
    await measure(START_MS - 400 * MINUTE_MS, 1);
    await measure(START_MS - 200 * MINUTE_MS, 200);
    let begun = 0;
    const createForecaster = () => {
      begun++;
      return new FakeForecaster();
    };
    const one = new SeriesPredictor({ ...parts(), config: counter, createForecaster });
    await one.follow(START_MS);
    expect(one.cells).toBe(40);
    await one.follow(START_MS + 60 * MINUTE_MS);
    expect(begun).toBe(1);
  });

  it('on schedule, where its model is from the future: as old as our knowledge of it', async () => {
    await measure(START_MS - 200 * MINUTE_MS, 200);
    await save(1, START_MS + 365 * DAY_MS);
    const one = predictor(new FakeForecaster());
    await one.follow(START_MS);
    expect(one.reasonToTrain(START_MS, null)).toBeNull();
    expect(one.reasonToTrain(START_MS + DAY_MS - 1, null)).toBeNull();
    expect(one.reasonToTrain(START_MS + DAY_MS, null)).toBe('schedule');
  });

  it('when it has no network and all series have one since', async () => {
    await measure(START_MS - 200 * MINUTE_MS, 200);
    const model = { ...modelOf(1), stepMs, horizon, network: null };
    await models.save(CONFIG.key, model, { savedMs: START_MS, cells: 40 });
    const one = predictor(new FakeForecaster());
    await one.follow(START_MS);
    expect(one.reasonToTrain(START_MS, START_MS - 1)).toBeNull();
    expect(one.reasonToTrain(START_MS, START_MS + 1)).toBe('first');
  });
});
