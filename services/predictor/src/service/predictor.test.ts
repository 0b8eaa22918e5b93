import { type Bus, createInProcessBus } from '@forescale/shared/bus';
import { type Config, parseConfig } from '@forescale/shared/config';
import { Readiness } from '@forescale/shared/service';
import { createMemoryState, type StateBucket } from '@forescale/shared/state';
import { createSqliteStore, type Store } from '@forescale/shared/store';
import { silentInstruments, silentLog } from '@forescale/shared/telemetry';
import { ManualClock } from '@forescale/shared/time';
import { decodeEvent, forecastSchema, subjects } from '@forescale/shared/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrainedModel } from '../model/index.ts';
import { createStateModelStore, type ModelJob } from '../training/index.ts';
import { type Predictor, startPredictor } from './predictor.ts';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 2, 4, 9);
const HISTORY_MINUTES = 180;
const SIGNALS = 24;
const TRAINING_MS = 5_000;

const names = Array.from({ length: SIGNALS }, (_, i) => `s${i}`);
const load = (timeMs: number) => 100 + 50 * Math.sin(timeMs / 3_600_000);

let clock: ManualClock;
let bus: Bus;
let store: Store;
let state: StateBucket;
let predictors: { readonly id: string; readonly predictor: Predictor; readonly trained: string[] }[];
/** Who has forecast what in the last minute. */
let forecasts: string[];

beforeEach(async () => {
  clock = new ManualClock(START_MS);
  bus = createInProcessBus({ clock });
  store = await createSqliteStore({ path: ':memory:', clock });
  state = createMemoryState();
  predictors = [];
  forecasts = [];
  await bus.subscribe('forescale.v1.forecast.>', ({ data }) => {
    forecasts.push(decodeEvent(data, forecastSchema).signal);
  });
  for (let minute = HISTORY_MINUTES; minute >= 0; minute--) await measure(START_MS - minute * MINUTE_MS);
});
afterEach(async () => {
  for (const { predictor } of predictors) await predictor.stop();
  await bus.close();
  await store.close();
});

function configOf(source: 'bus' | 'system', forecast = ''): Config {
  const signals = names.map((name) => `{ name: ${name}, interval: 1m }`).join(', ');
  const pool = `{ name: web, signals: [${signals}], forecast: { valid_for: 10m${forecast} } }`;
  return parseConfig(`autoscaler: { clock: { source: ${source} }, pools: [${pool}] }`, 'test', {});
}

async function measure(timeMs: number): Promise<void> {
  await store.write(
    names.map((signal) => ({
      measurement: 'kpi',
      tags: { pool: 'web', signal, source: 'test' },
      fields: { value: load(timeMs) },
      timeMs,
    })),
  );
}

/** A predictor whose trainings take some seconds of the clock and bring a model without a network. */
async function start(id: string, config = configOf('system'), from = store): Promise<Predictor> {
  const trained: string[] = [];
  const predictor = await startPredictor({
    config,
    store: from,
    bus,
    clock,
    models: createStateModelStore(state),
    id,
    workers: 1,
    readiness: new Readiness(),
    instruments: silentInstruments(),
    log: silentLog(),
    trainings: {
      async trainSeries({ cells, horizon }: ModelJob, { signal }): Promise<TrainedModel> {
        trained.push(`${cells.means.length}`);
        if (config.clock.source === 'system') await clock.sleep(TRAINING_MS, signal);
        signal?.throwIfAborted();
        const { stepMs, firstCell } = cells;
        const unseenFromCell = firstCell + cells.means.length;
        return { format: 'forescale-model-1', stepMs, horizon, logOffset: 1, network: null, unseenFromCell };
      },
      trainCluster: async () => null,
    },
  });
  predictors.push({ id, predictor, trained });
  return predictor;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The next minute: a sample of each signal, then a tick of those given. */
async function minute(...ticking: Predictor[]): Promise<void> {
  const nowMs = clock.nowMs() + MINUTE_MS;
  for (let ms = 5_000; ms <= MINUTE_MS; ms += 5_000) {
    clock.advanceTo(nowMs - MINUTE_MS + ms);
    await settle();
  }
  await measure(nowMs);
  forecasts = [];
  for (const one of ticking) await one.tick(nowMs);
  await settle();
}

const twice = () => forecasts.filter((signal, i) => forecasts.indexOf(signal) !== i).length;
const missing = () => names.filter((signal) => !forecasts.includes(signal));
const models = () => createStateModelStore(state).keys();

describe('predictors that share the series', () => {
  it('one alone forecasts all of them from its first tick on', async () => {
    const one = await start('one');
    await minute(one);
    expect(missing()).toEqual([]);
    expect(twice()).toBe(0);
  });

  it('give the newest forecast to whoever asks, until the last one stops', async () => {
    const one = await start('one');
    const two = await start('two');
    await minute(one, two);
    const asked = subjects.getForecast('web', 's0');
    const { data } = await bus.request(asked, new Uint8Array(), 5_000);
    expect(decodeEvent(data, forecastSchema)).toMatchObject({ pool: 'web', signal: 's0', issuedMs: clock.nowMs() });
    await one.stop();
    await bus.request(asked, new Uint8Array(), 5_000);
    await two.stop();
    await expect(bus.request(asked, new Uint8Array(), 5_000)).rejects.toThrow('nobody answers');
  });

  it('histories that take long are loaded over several ticks; forecasts begin series by series', async () => {
    const query: Store['query'] = async (asked) => {
      // A first look at a history, which goes back for days, takes 8 s.
      if (clock.nowMs() - (asked.fromMs ?? 0) > 24 * 60 * MINUTE_MS) clock.advanceTo(clock.nowMs() + 8_000);
      return store.query(asked);
    };
    const slow = new Proxy(store, {
      get: (target, name) => (name === 'query' ? query : Reflect.get(target, name).bind(target)),
    });
    const one = await start('one', configOf('system'), slow);
    const counts: number[] = [];
    for (let i = 0; i < 5; i++) {
      await minute(one);
      counts.push(SIGNALS - missing().length);
    }
    // Four at once, until 42 s of the minute are over.
    expect(counts).toEqual([8, 16, 24, 24, 24]);
  });

  it('a second one takes its share; no series is left out on the way, and none is forecast twice in the end', async () => {
    const one = await start('one');
    await minute(one);
    const two = await start('two');
    for (let i = 0; i < 4; i++) {
      await minute(one, two);
      expect(missing()).toEqual([]);
    }
    expect(twice()).toBe(0);
    forecasts = [];
    await two.tick(clock.nowMs());
    await settle();
    expect(forecasts.length).toBeGreaterThan(SIGNALS / 4);
    expect(forecasts.length).toBeLessThan((3 * SIGNALS) / 4);
  });

  it('when one dies the other has all of them within five minutes; when it stops, at once', async () => {
    const [one, two, three] = [await start('one'), await start('two'), await start('three')];
    for (let i = 0; i < 4; i++) await minute(one, two, three);
    expect(twice()).toBe(0);
    await three.stop();
    await minute(one, two);
    expect(missing()).toEqual([]);
    for (let i = 0; i < 3; i++) await minute(one);
    expect(missing().length).toBeGreaterThan(0);
    for (let i = 0; i < 2; i++) await minute(one);
    expect(missing()).toEqual([]);
  });

  it('every series is trained once, by whoever is free, and its owner goes on with the model', async () => {
    const [one, two] = [await start('one'), await start('two')];
    // First trainings wait a quarter of an hour for a network of all series, which does not come.
    for (let i = 0; i < 25; i++) await minute(one, two);
    expect(await models()).toHaveLength(SIGNALS);
    const [first = 0, second = 0] = predictors.map(({ trained }) => trained.length);
    expect(first + second).toBe(SIGNALS);
    expect(Math.abs(first - second)).toBeLessThanOrEqual(2);
    for (let i = 0; i < 15; i++) await minute(one, two);
    expect(predictors.flatMap(({ trained }) => trained)).toHaveLength(SIGNALS);
  });

  it('what one had in training when it died is trained by the other', async () => {
    const [one, two] = [await start('one'), await start('two')];
    for (let i = 0; i < 17; i++) await minute(one, two);
    await two.stop();
    for (let i = 0; i < 15; i++) await minute(one);
    expect(await models()).toHaveLength(SIGNALS);
  });

  it('models are trained again as scheduled', async () => {
    const config = configOf('system', ', retrain_every: 1h');
    const one = await start('one', config);
    for (let i = 0; i < 25; i++) await minute(one);
    const first = predictors[0]?.trained.length;
    expect(first).toBe(SIGNALS);
    for (let i = 0; i < 60; i++) await minute(one);
    expect(predictors[0]?.trained).toHaveLength(2 * SIGNALS);
  });
});

describe('a predictor in simulated time', () => {
  it('has trained, and forecasts with it, before the tick is over; time stands still meanwhile', async () => {
    const one = await start('one', configOf('bus'));
    await minute(one);
    expect(missing()).toEqual([]);
    // The first model of so many series waits for the one that they share.
    clock.advanceTo(clock.nowMs() + 20 * MINUTE_MS);
    await one.tick(clock.nowMs());
    expect(await models()).toHaveLength(SIGNALS);
    expect((await createStateModelStore(state).newest({ kind: 'series', pool: 'web', signal: 's0' }))?.savedMs).toBe(
      clock.nowMs(),
    );
  });
});
