import { type Bus, createInProcessBus } from '@forescale/shared/bus';
import { parseConfig } from '@forescale/shared/config';
import type { ModelKey } from '@forescale/shared/domain';
import { createMemoryState } from '@forescale/shared/state';
import { silentLog } from '@forescale/shared/telemetry';
import { ManualClock } from '@forescale/shared/time';
import { beforeEach, describe, expect, it } from 'vitest';
import { allSeries, type SeriesConfig } from '../history/index.ts';
import type { ClusterModel } from '../model/index.ts';
import { createStateModelStore, type ModelStore, TrainingQueue } from '../training/index.ts';
import { modelOf } from '../training/model-store.conformance.ts';
import { SharedNetwork } from './shared-network.ts';
import { TrainingAsker } from './training-asker.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
const START_MS = Date.UTC(2026, 2, 4, 9);
const DAY_CELLS = 288;

let clock: ManualClock;
let bus: Bus;
let queue: TrainingQueue;
let models: ModelStore;
beforeEach(() => {
  clock = new ManualClock(START_MS);
  bus = createInProcessBus({ clock });
  queue = new TrainingQueue({ bus, clock, log: silentLog() });
  models = createStateModelStore(createMemoryState());
});

function seriesOf(signals: number, interval = '1m'): SeriesConfig[] {
  const names = Array.from({ length: signals }, (_, i) => `{ name: s${i}, interval: ${interval} }`).join(', ');
  return allSeries(parseConfig(`autoscaler: { pools: [{ name: web, signals: [${names}] }] }`, 'test', {}));
}

function networkOf(series = seriesOf(8)): SharedNetwork {
  return SharedNetwork.of(series, models, queue)[0] as SharedNetwork;
}

async function save(key: ModelKey, savedMs: number): Promise<void> {
  const { network } = modelOf(1);
  const shape = { stepMs: 300_000, horizon: 14, unseenFromCell: 0, series: 8, rows: 9 };
  const model = { format: 'forescale-cluster-model-1', ...shape, network } as ClusterModel;
  await models.save(key, model, { savedMs, cells: 1 });
}

/** Does what waits in the queue; resolves to how many there were. */
async function trainAll(run = async (_key: ModelKey) => {}): Promise<number> {
  let done = 0;
  const workers = new TrainingQueue({ bus, clock, log: silentLog() });
  await workers.work(1, async ({ key }) => {
    await run(key);
    done++;
  });
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
  await workers.stop();
  return done;
}
describe('the network that series have in common', () => {
  it('is there for each step and horizon that at least eight of them have', () => {
    const keys = (series: SeriesConfig[]) => SharedNetwork.of(series, models, queue).map(({ key }) => key);
    expect(keys(seriesOf(7))).toEqual([]);
    expect(keys(seriesOf(8))).toEqual([{ kind: 'cluster', stepMs: 300_000, horizon: 14 }]);
    expect(keys([...seriesOf(8), ...seriesOf(8, '1h')])).toEqual([
      { kind: 'cluster', stepMs: 300_000, horizon: 14 },
      { kind: 'cluster', stepMs: 3_600_000, horizon: 26 },
    ]);
  });

  it('one from the future is as old as our knowledge of it', async () => {
    const network = networkOf();
    await save(network.key, START_MS + 365 * DAY_MS);
    await network.look(START_MS);
    await network.look(START_MS + DAY_MS - 1);
    await network.train(START_MS + DAY_MS - 1, DAY_CELLS, false);
    expect(await trainAll()).toBe(0);
    await network.train(START_MS + DAY_MS, DAY_CELLS, false);
    expect(await trainAll()).toBe(1);
  });

  it('is trained once a series has a day of history, and then as often as the series are', async () => {
    const network = networkOf();
    await network.look(START_MS);
    await network.train(START_MS, DAY_CELLS - 1, false);
    expect(await trainAll()).toBe(0);
    await network.train(START_MS, DAY_CELLS, false);
    await network.train(START_MS + MINUTE_MS, DAY_CELLS, false);
    expect(await trainAll((key) => save(key, START_MS))).toBe(1);
    await network.look(START_MS + 2 * MINUTE_MS);
    expect(network.savedMs).toBe(START_MS);
    await network.train(START_MS + DAY_MS - 1, DAY_CELLS, false);
    expect(await trainAll()).toBe(0);
    await network.train(START_MS + DAY_MS, DAY_CELLS, false);
    expect(await trainAll()).toBe(1);
  });

  it('is waited for by first trainings, for a quarter of an hour, until it is there', async () => {
    const network = networkOf();
    await network.look(START_MS);
    expect(network.isAwaited(START_MS + 15 * MINUTE_MS - 1)).toBe(true);
    expect(network.isAwaited(START_MS + 15 * MINUTE_MS)).toBe(false);
    await save(network.key, START_MS);
    await network.look(START_MS + MINUTE_MS);
    expect(network.isAwaited(START_MS + MINUTE_MS)).toBe(true);
    await network.look(START_MS + MINUTE_MS, true);
    expect(network.isAwaited(START_MS + MINUTE_MS)).toBe(false);
  });
});

describe('asking for a training', () => {
  it('again when it brought nothing: after 10 minutes, 20, 40; not while it waits in the queue', async () => {
    const asker = new TrainingAsker(queue, models, { kind: 'series', pool: 'web', signal: 'cpu' });
    const asked: number[] = [];
    for (let minute = 0; minute <= 80; minute++) {
      const nowMs = START_MS + minute * MINUTE_MS;
      clock.advanceTo(nowMs);
      await asker.ask('first', nowMs, false);
      if ((await trainAll()) > 0) asked.push(minute);
    }
    expect(asked).toEqual([0, 10, 30, 70]);
    expect(asker.isWaiting).toBe(true);
    asker.answered();
    expect(asker.isWaiting).toBe(false);
  });

  it('is not done while one of another predictor waits', async () => {
    const key = { kind: 'series', pool: 'web', signal: 'cpu' } as const;
    for (let i = 0; i < 2; i++) await new TrainingAsker(queue, models, key).ask('first', START_MS + i * 600_000, false);
    expect(await trainAll()).toBe(1);
  });
});
