import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSqliteStore } from '@forescale/shared/store';
import { ManualClock } from '@forescale/shared/time';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporaryDirectory } from '../harness/config-file.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { eventually } from '../harness/waiting.ts';

const WITHIN_MS = 30_000;
const HOUR = 3_600;
/** 2018-05-01, a whole day of seconds; each value is the second of the day. */
const START = 1_525_132_800;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let collector: ForescaleProcess | null = null;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(async () => {
  await collector?.crash();
  await directory.remove();
});

it('a collector replays a trace of years ago as if it were measured now, at the hour of the day', async () => {
  const [trace, config, db] = ['trace.csv', 'forescale.yaml', 'store.db'].map((name) => join(directory.path, name));
  const rows = Array.from({ length: 24 * HOUR }, (_, second) => `${START + second},${second}`);
  await writeFile(trace as string, `timestamp,value\n${rows.join('\n')}\n`);
  await writeFile(
    config as string,
    `autoscaler:
  data_dir: "${directory.path}"
  store: { kind: sqlite, path: "${db}" }
  kubernetes: { enabled: false }
  clock: { tick: 1s }
  http: { port: 0 }
  sources: { traces: [{ pool: web, signal: rps, file: "${trace}" }] }
  pools: [{ name: web, signals: [{ name: rps, interval: 1s }] }]
`,
  );
  const running = await ForescaleProcess.service(['collector', '--config', config as string]);
  collector = running;
  await eventually('the collector has written samples of the trace', WITHIN_MS, async () => {
    const metrics = await (await fetch(`${running.url}/metrics`)).text();
    return Number(/^forescale_samples_written_total(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1] ?? 0) >= 3;
  });
  expect(await (await fetch(`${running.url}/readyz`)).text()).toContain('trace web/rps');
  expect(await running.interrupt()).toBe(130);
  const store = await createSqliteStore({ path: db as string, clock: new ManualClock(0) });
  const stored = await store.query({
    measurement: 'kpi',
    tags: { pool: 'web', signal: 'rps' },
    fields: ['value'],
    limit: 100,
  });
  await store.close();
  expect(stored.length).toBeGreaterThanOrEqual(3);
  for (const { timeMs, tags, fields } of stored) {
    expect(tags.source).toBe('trace');
    expect(Math.abs(timeMs - Date.now())).toBeLessThan(2 * WITHIN_MS);
    expect(fields.value).toBe((timeMs / 1_000) % (24 * HOUR));
  }
});
