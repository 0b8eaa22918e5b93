import { createInProcessBus } from '@forescale/shared/bus';
import { parseConfig } from '@forescale/shared/config';
import type { ClusterKey, SeriesKey } from '@forescale/shared/domain';
import { createMemoryState } from '@forescale/shared/state';
import { createSqliteStore, type Store } from '@forescale/shared/store';
import { silentLog } from '@forescale/shared/telemetry';
import { ManualClock } from '@forescale/shared/time';
import { decodeEvent, type ModelNotice, modelNoticeSchema } from '@forescale/shared/wire';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ClusterModel, TrainedModel } from '../model/index.ts';
import { networkInputs } from '../model/network-features.ts';
import type { ClusterJob, ModelJob } from './model-job.ts';
import { modelOf } from './model-store.conformance.ts';
import type { ModelStore } from './model-store.ts';
import { createTraining } from './run-training.ts';
import { createStateModelStore } from './state-model-store.ts';
import type { JobOptions } from './trainer.ts';
import type { RunTraining } from './training-queue.ts';

const STEP_MS = 300_000;
const START_MS = Date.UTC(2026, 2, 4, 9);
const CELLS = 300;
/** All that is trained on of one series: 28 days. */
const FULL_CELLS = 8_064;
const HORIZON = 14;
const SIGNALS = ['s0', 's1', 's2'];
const KEY: SeriesKey = { kind: 'series', pool: 'web', signal: 's0' };
const CLUSTER: ClusterKey = { kind: 'cluster', stepMs: STEP_MS, horizon: HORIZON };
/** A model of this version's inputs. */
function fitting(weight: number): TrainedModel {
  return { ...modelOf(weight, networkInputs(HORIZON), HORIZON), stepMs: STEP_MS, horizon: HORIZON };
}

const SHARED: ClusterModel = {
  format: 'forescale-cluster-model-1',
  stepMs: STEP_MS,
  horizon: HORIZON,
  network: fitting(9).network as ClusterModel['network'],
  unseenFromCell: 5,
  series: 3,
  rows: 900,
};

let clock: ManualClock;
let store: Store;
let models: ModelStore;
let jobs: (ModelJob | ClusterJob)[];
let bounds: (number | undefined)[];
let notices: ModelNotice[];
let run: RunTraining;

beforeEach(async () => {
  clock = new ManualClock(START_MS);
  store = await createSqliteStore({ path: ':memory:', clock });
  models = createStateModelStore(createMemoryState());
  [jobs, bounds, notices] = [[], [], []];
  await start('system');
  for (const signal of SIGNALS) await measure(signal, CELLS);
});
afterEach(() => store.close());

async function measure(signal: string, cells: number): Promise<void> {
  await store.write(
    Array.from({ length: cells }, (_, i) => ({
      measurement: 'kpi',
      tags: { pool: 'web', signal, source: 'test' },
      fields: { value: i },
      timeMs: START_MS - i * STEP_MS,
    })),
  );
}

async function start(source: 'system' | 'bus', names = SIGNALS): Promise<void> {
  const signals = names.map((name) => `{ name: ${name}, interval: 5m }`).join(', ');
  const pool = `{ name: web, signals: [${signals}], forecast: { train_budget: 20s } }`;
  const config = parseConfig(`autoscaler: { clock: { source: ${source} }, pools: [${pool}] }`, 'test', {});
  const bus = createInProcessBus({ clock });
  await bus.subscribe('forescale.v1.model.>', ({ data }) => void notices.push(decodeEvent(data, modelNoticeSchema)));
  const begin = (job: ModelJob | ClusterJob, { timeoutMs }: JobOptions) => {
    jobs.push(job);
    bounds.push(timeoutMs);
  };
  run = createTraining({
    config,
    store,
    models,
    bus,
    clock,
    log: silentLog(),
    async trainSeries(job, options) {
      begin(job, options);
      return fitting(1);
    },
    async trainCluster(job, options) {
      begin(job, options);
      return SHARED;
    },
  });
}

const train = (key: SeriesKey | ClusterKey, knownVersion: number | null = null) =>
  run({ key, reason: 'first', requestedMs: clock.nowMs(), knownVersion }, new AbortController().signal);

it('reads the history up to now, trains within the budget, saves, and says so', async () => {
  await train(KEY);
  const [job] = jobs as [ModelJob];
  expect(job).toMatchObject({ horizon: HORIZON, starts: [], options: { budgetMs: 20_000 } });
  expect(job.cells.means).toHaveLength(CELLS);
  expect(job.cells.means.at(-1)).toBe(0);
  expect(bounds).toEqual([80_000]);
  expect(await models.newest(KEY)).toEqual({ version: 1, savedMs: START_MS, cells: CELLS });
  await new Promise((resolve) => setImmediate(resolve));
  expect(notices).toEqual([{ key: KEY, version: 1, savedMs: START_MS }]);
});

it('in simulated time has no budget in seconds: a run can be repeated', async () => {
  await start('bus');
  await train(KEY);
  expect((jobs[0] as ModelJob).options.budgetMs).toBeNull();
});

it("starts from the series' own network and from that of all series, where there are such of its step and horizon", async () => {
  await models.save(CLUSTER, SHARED, { savedMs: 1, cells: 1 });
  await models.save(KEY, fitting(2), { savedMs: 1, cells: 1 });
  await train(KEY);
  await models.save(KEY, { ...fitting(3), horizon: HORIZON + 1 }, { savedMs: 1, cells: 1 });
  await train(KEY);
  const starts = jobs.map((job) => (job as ModelJob).starts.map(({ network }) => network));
  expect(starts).toEqual([[fitting(2).network, SHARED.network], [SHARED.network]]);
});

it('leaves what a newer model has answered, what it does not know, and what nothing was measured of', async () => {
  await models.save(KEY, modelOf(1), { savedMs: START_MS, cells: 1 });
  await train(KEY);
  await train({ ...KEY, signal: 'other' });
  await store.close();
  store = await createSqliteStore({ path: ':memory:', clock });
  await start('system');
  await train({ ...KEY, signal: 's1' });
  expect(jobs).toEqual([]);
});

it('a newer version answers a request, whatever the clock of whoever saved it said', async () => {
  await models.save(KEY, fitting(2), { savedMs: START_MS + 1_000_000, cells: 1 });
  await train(KEY, 0);
  expect(jobs).toHaveLength(0);
  await train(KEY, 1);
  expect(jobs).toHaveLength(1);
  await train(KEY, 1);
  expect(jobs).toHaveLength(1);
});

it('trains one network on all series of a step and horizon, from the last one, in ten times the budget', async () => {
  await train(CLUSTER);
  clock.advanceTo(START_MS + 1);
  await train(CLUSTER);
  const [first, second] = jobs as [ClusterJob, ClusterJob];
  expect(first).toMatchObject({ warmStart: null, options: { budgetMs: 200_000 } });
  expect(bounds).toEqual([260_000, 260_000]);
  expect(first.series.map(({ cells }) => cells.means.length)).toEqual([CELLS, CELLS, CELLS]);
  expect(second.warmStart).toEqual(SHARED);
  expect(await models.newest(CLUSTER)).toEqual({ version: 2, savedMs: START_MS + 1, cells: 3 * CELLS });
});

it('the rows of many series may take longer than the grace of one', async () => {
  const signals = Array.from({ length: 8 }, (_, i) => `s${i}`);
  for (const signal of signals) await measure(signal, FULL_CELLS);
  await start('system', signals);
  await train(CLUSTER);
  // A millisecond for each cell: 65 s, more than the minute that there is anyway.
  expect(bounds).toEqual([200_000 + 8 * FULL_CELLS]);
});

it('of a step and horizon that no series has, there is nothing to train', async () => {
  await train({ ...CLUSTER, horizon: 99 });
  expect(jobs).toEqual([]);
});
