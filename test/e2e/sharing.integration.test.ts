import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInfluxStore } from '@forescale/shared/store';
import { decodeEvent, forecastSchema, modelNoticeSchema } from '@forescale/shared/wire';
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ForescaleProcess } from '../harness/process.ts';
import { startRealServers } from '../harness/real-servers.ts';
import { eventually } from '../harness/waiting.ts';

const MINUTE_MS = 60_000;
const TICK_MS = 1_000;
const WITHIN_MS = 60_000;
const HISTORY_MINUTES = 150;
/** Two pools with horizons of their own: too few signals of each to train a network for all of them first. */
const POOLS = { web: '1h', batch: '2h' } as const;
const SIGNALS = 7;
const series = Object.keys(POOLS).flatMap((pool) =>
  Array.from({ length: SIGNALS }, (_, i) => ({ pool, signal: `s${i}` })),
);

const closing: (() => Promise<unknown>)[] = [];
/** When each series was forecast, by `pool/signal`. */
const forecastAt = new Map<string, number[]>();
/** How often a model of each series was saved. */
const trained = new Map<string, number>();
const processes: ForescaleProcess[] = [];
let connection: NatsConnection;
let config: string;

beforeAll(async () => {
  const { nats, influx, directory } = await startRealServers(closing);
  connection = await connect({ servers: new URL(nats.url).host });
  closing.push(() => connection.close());
  const store = await createInfluxStore({ url: influx.url, database: 'forescale' });
  const nowMs = Date.now();
  for (const { pool, signal } of series) {
    await store.write(
      Array.from({ length: HISTORY_MINUTES }, (_, i) => ({
        measurement: 'kpi',
        tags: { pool, signal, source: 'test' },
        fields: { value: 100 + 50 * Math.sin(i / 40) },
        timeMs: nowMs - i * MINUTE_MS,
      })),
    );
  }
  await store.close();
  config = join(directory.path, 'sharing.yaml');
  await writeFile(config, configText(directory.path, nats.url, influx.url));
  connection.subscribe('forescale.v1.forecast.>', {
    callback: (_, { data }) => {
      const { pool, signal } = decodeEvent(data, forecastSchema);
      const name = `${pool}/${signal}`;
      forecastAt.set(name, [...(forecastAt.get(name) ?? []), Date.now()]);
    },
  });
  connection.subscribe('forescale.v1.model.>', {
    callback: (_, { data }) => {
      const { key } = decodeEvent(data, modelNoticeSchema);
      if (key.kind !== 'series') return;
      trained.set(`${key.pool}/${key.signal}`, (trained.get(`${key.pool}/${key.signal}`) ?? 0) + 1);
    },
  });
  closing.push(() => Promise.all(processes.map((one) => one.interrupt())));
});

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

function configText(directory: string, natsUrl: string, influxUrl: string): string {
  const signals = Array.from({ length: SIGNALS }, (_, i) => `{ name: s${i}, interval: 1m }`).join(', ');
  const pools = Object.entries(POOLS).map(
    ([name, horizon]) => `    - { name: ${name}, signals: [${signals}], forecast: { horizon: ${horizon} } }\n`,
  );
  return `autoscaler:
  data_dir: "${directory}"
  clock: { source: system, tick: ${TICK_MS}ms }
  store: { kind: influxdb, url: "${influxUrl}" }
  bus: { kind: nats, url: "${natsUrl}" }
  kubernetes: { enabled: false }
  http: { port: 0 }
  pools:
${pools.join('')}`;
}

const start = async () => {
  const one = await ForescaleProcess.service(['predictor', '--config', config]);
  processes.push(one);
  return one;
};

/** Forecasts of each series since a moment. */
const countsSince = (sinceMs: number) =>
  series.map(({ pool, signal }) => (forecastAt.get(`${pool}/${signal}`) ?? []).filter((ms) => ms > sinceMs).length);

/** Waits until every series has been forecast after now. */
async function untilAllAreForecast(what: string): Promise<void> {
  const sinceMs = Date.now();
  await eventually(what, WITHIN_MS, () => countsSince(sinceMs).every((count) => count > 0));
}

describe('two predictor processes on NATS and InfluxDB', () => {
  it('forecast every series, and in the end each of them once', async () => {
    await Promise.all([start(), start()]);
    await untilAllAreForecast('all series are forecast');
    await eventually('none is forecast twice', WITHIN_MS, async () => {
      const sinceMs = Date.now();
      await eventually('some ticks pass', WITHIN_MS, () => Date.now() - sinceMs > 4 * TICK_MS);
      const counts = countsSince(sinceMs);
      return Math.min(...counts) > 0 && Math.max(...counts) <= 5;
    });
  });

  it('one killed: the other forecasts all of them', async () => {
    await processes[1]?.crash();
    await untilAllAreForecast('all series are forecast again');
  });

  it('every series has a model, and no more than one but for what the killed one was at', async () => {
    await eventually('all are trained', WITHIN_MS, () => trained.size === series.length);
    const times = [...trained.values()].reduce((sum, count) => sum + count, 0);
    expect(times).toBeLessThanOrEqual(series.length + 1);
  });

  it('a new process finds the models and forecasts with them; nothing is trained anew', async () => {
    const next = await start();
    await next.says(/saved model loaded/, 'stderr');
    await processes[0]?.interrupt();
    await untilAllAreForecast('all series are forecast by the new one');
    expect([...trained.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(series.length + 1);
  });
});
