import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createSqliteStore } from '@forescale/shared/store';
import { ManualClock } from '@forescale/shared/time';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryDirectory, writeAloneConfig } from '../harness/config-file.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { startPrometheusServer, type TestServer } from '../servers/index.ts';
import { DAYS, fourWeeks } from './four-weeks.ts';

const MINUTE_MS = 60_000;
const WITHIN_MS = 110_000;

let prometheus: TestServer;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let config: string;
const nowMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;

beforeAll(async () => {
  prometheus = await startPrometheusServer({ history: fourWeeks(nowMs) });
  directory = await temporaryDirectory();
  config = await writeAloneConfig(
    directory.path,
    `  clock: { tick: 1s }
  http: { port: 0 }
  sources:
    prometheus:
      - url: ${prometheus.url}
        queries:
          - { pool: web, signal: rps, query: "sum(rate(http_requests_total[5m]))" }
  pools:
    - name: web
      signals: [{ name: rps }]
`,
  );
});
afterAll(async () => {
  await prometheus.stop();
  await rm(directory.path, { recursive: true, force: true });
});

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

async function stored() {
  const store = await createSqliteStore({ path: join(directory.path, 'store.db'), clock: new ManualClock(0) });
  const query = { measurement: 'kpi', tags: { pool: 'web', signal: 'rps' }, fields: ['value'], limit: 100_000 };
  const rows = await store.query(query);
  await store.close();
  return rows;
}

it('four weeks of a real Prometheus are in the store, and a predictor that starts on them has a trained forecast', async () => {
  const sinceMs = performance.now();
  const importing = new ForescaleProcess(['import', '--config', config]);
  expect(await importing.end(WITHIN_MS), importing.stderr).toBe(0);
  const importedMs = performance.now() - sinceMs;
  expect(importing.stdout).toMatch(/^\d+ samples into web\/rps, /);
  const rows = await stored();
  expect(rows.length).toBeGreaterThan(DAYS * 1_440 - 10);
  // Counters that begin again are no fall, and the sum is of both.
  const values = rows.map(({ fields }) => Number(fields.value));
  expect(Math.min(...values.slice(10))).toBeGreaterThan(35);
  expect(Math.max(...values)).toBeLessThan(165);
  expect(new Set(rows.map(({ tags }) => tags.source))).toEqual(new Set(['prometheus-main']));

  const collector = await ForescaleProcess.service(['collector', '--config', config]);
  expect(await (await fetch(`${collector.url}/readyz`)).json()).toMatchObject({ ready: true });
  await collector.interrupt();
  const times = (await stored()).map(({ timeMs }) => timeMs);
  // The source goes on in the same series, at the same moments: none twice, no hole.
  expect(new Set(times.slice(1).map((timeMs, i) => timeMs - (times[i] as number)))).toEqual(new Set([MINUTE_MS]));

  const startedMs = performance.now();
  const predictor = await ForescaleProcess.service(['predictor', '--config', config]);
  await predictor.says(/model trained/, 'stderr', WITHIN_MS);
  const trainedMs = performance.now() - startedMs;
  // docs/collecting.md has these figures from here.
  process.stdout.write(`imported in ${seconds(importedMs)}, trained ${seconds(trainedMs)} after the start\n`);
  await predictor.interrupt();
});
