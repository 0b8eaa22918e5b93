import { join } from 'node:path';
import { createSqliteStore } from '@forescale/shared/store';
import { ManualClock } from '@forescale/shared/time';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryDirectory, writeAloneConfig } from '../harness/config-file.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { eventually } from '../harness/waiting.ts';
import { startPrometheusServer, type TestServer } from '../servers/index.ts';

const WITHIN_MS = 60_000;
/** Seconds that each side is away at least. */
const AWAY_MS = 4_000;
/** An import of so many days, one second apart, beside a collector that runs. */
const DAYS = 0.02;

let prometheus: TestServer;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let config: string;
let collector: (ForescaleProcess & { readonly url: string }) | null = null;

beforeAll(async () => {
  prometheus = await startPrometheusServer();
  directory = await temporaryDirectory();
  config = await writeAloneConfig(
    directory.path,
    `  clock: { tick: 1s }
  http: { port: 0 }
  sources:
    prometheus: [{ url: "${prometheus.url}", interval: 1s, queries: [{ pool: web, signal: time, query: "time()" }] }]
  pools: [{ name: web, signals: [{ name: time, interval: 1s }] }]
`,
  );
});
afterAll(async () => {
  await collector?.crash();
  await prometheus.stop();
  await directory.remove();
});

async function startCollector() {
  const started = await ForescaleProcess.service(['collector', '--config', config]);
  collector = started;
  const metric = /^forescale_samples_written_total(?:\{[^}]*\})? (\d+)/m;
  await eventually('the collector has written samples', WITHIN_MS, async () => {
    const metrics = await (await fetch(`${started.url}/metrics`)).text();
    return Number(metric.exec(metrics)?.[1] ?? 0) >= 2;
  });
  return started;
}

async function passes(ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  await eventually(`${ms} ms pass`, WITHIN_MS, () => performance.now() > untilMs);
}

it('neither an outage of Prometheus nor one of the collector leaves a hole, and an import beside it fits in', async () => {
  const first = await startCollector();
  await prometheus.kill('SIGKILL');
  await first.says(/query of web\/time: 127.0.0.1:\d+: ECONNREFUSED/, 'stderr', WITHIN_MS);
  await passes(AWAY_MS);
  await prometheus.restart();
  await first.says(/prometheus main: back/, 'stderr', WITHIN_MS);
  await first.crash();
  await passes(AWAY_MS);
  const second = await startCollector();

  // Before an import could have filled what the source has not.
  expect((await wholeSeconds()).length).toBeGreaterThan((2 * AWAY_MS) / 1_000);

  const importing = new ForescaleProcess(['import', '--config', config, '--days', String(DAYS)]);
  expect(await importing.end(WITHIN_MS), importing.stderr).toBe(0);
  expect(second.alive, second.stderr).toBe(true);
  expect(await second.interrupt()).toBe(130);
  expect((await wholeSeconds()).length).toBeGreaterThan(DAYS * 86_400);
});

/** The times that are stored: no second left out or twice, and whatever brought it, each value of its own time. */
async function wholeSeconds(): Promise<number[]> {
  const store = await createSqliteStore({ path: join(directory.path, 'store.db'), clock: new ManualClock(0) });
  const rows = await store.query({ measurement: 'kpi', tags: { pool: 'web' }, fields: ['value'], limit: 100_000 });
  await store.close();
  const times = rows.map(({ timeMs }) => timeMs);
  expect(new Set(times.slice(1).map((timeMs, k) => timeMs - (times[k] as number)))).toEqual(new Set([1_000]));
  expect(rows.filter(({ timeMs, fields }) => fields.value !== timeMs / 1_000)).toEqual([]);
  return times;
}
