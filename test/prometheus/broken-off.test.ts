import { join } from 'node:path';
import { createSqliteStore } from '@forescale/shared/store';
import { ManualClock } from '@forescale/shared/time';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ran } from '../cli/captured.ts';
import { temporaryDirectory, writeAloneConfig } from '../harness/config-file.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { eventually } from '../harness/waiting.ts';
import { type FakePrometheus, startPrometheus } from '../servers/prometheus.ts';

const WITHIN_MS = 30_000;
const MINUTES = 28 * 1_440;

let server: FakePrometheus;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let config: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
  server = await startPrometheus({ load: [(seconds) => String(seconds % 86_400)] });
  config = await writeAloneConfig(
    directory.path,
    `  pools: [{ name: web, signals: [{ name: load }] }]
  sources: { prometheus: [{ url: "${server.url}", queries: [{ pool: web, signal: load, query: load }] }] }
`,
  );
});
afterEach(async () => {
  await server.close();
  await directory.remove();
});

async function storedTimes(): Promise<number[]> {
  const store = await createSqliteStore({ path: join(directory.path, 'store.db'), clock: new ManualClock(0) });
  const rows = await store.query({ measurement: 'kpi', tags: { pool: 'web' }, fields: ['value'], limit: 100_000 });
  await store.close();
  return rows.map(({ timeMs }) => timeMs);
}

it.each<[what: string, end: (importing: ForescaleProcess) => Promise<unknown>]>([
  ['Ctrl-C', async (importing) => expect(await importing.interrupt()).toBe(130)],
  ['kill -9', (importing) => importing.crash()],
])('an import that %s has ended goes on where it was, without a hole', async (_what, end) => {
  let hangs = false;
  server.fault = () => {
    if (server.answered.length < 2) return null;
    hangs = true;
    return () => {};
  };
  const importing = new ForescaleProcess(['import', '--config', config]);
  await eventually('the import waits for its third part', WITHIN_MS, () => hangs);
  await end(importing);
  expect(server.answered).toEqual([10_000, 10_000]);
  expect(await storedTimes()).toHaveLength(20_000);

  server.fault = null;
  const { code, stdout, stderr } = await ran('import', '--config', config);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^web\/load: goes on where an earlier import was broken off\n203\d\d samples/);
  // What came since, of some minutes at most, and the older half; nothing that was there already.
  const asked = server.answered.slice(2).reduce((sum, points) => sum + points, 0);
  expect(asked).toBeGreaterThan(MINUTES - 20_000 - 10);
  expect(asked).toBeLessThan(MINUTES - 20_000 + 10);
  const times = await storedTimes();
  expect(new Set(times.slice(1).map((timeMs, k) => timeMs - (times[k] as number)))).toEqual(new Set([60_000]));
  expect(times.length).toBeGreaterThan(MINUTES);
});
