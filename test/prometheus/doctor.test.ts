import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ran } from '../cli/captured.ts';
import { temporaryDirectory } from '../harness/config-file.ts';
import { type FakePrometheus, startPrometheus } from '../servers/prometheus.ts';

let server: FakePrometheus;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  directory = await temporaryDirectory();
  server = await startPrometheus({ load: [() => '42'], many: [() => '1', () => '2'], nothing: [() => null] });
});
afterEach(async () => {
  await server.close();
  await directory.remove();
});

it('doctor asks every server for every query, and names signals that nobody forecasts', async () => {
  const config = join(directory.path, 'forescale.yaml');
  await writeFile(
    config,
    `autoscaler:
  store: { kind: sqlite, path: "${join(directory.path, 'store.db')}" }
  kubernetes: { enabled: false }
  pools: [{ name: web, signals: [{ name: rps }, { name: queue }, { name: users }] }]
  sources:
    traces: [{ pool: web, signal: rps, file: "${directory.path}/none.csv" }]
    prometheus:
      - url: ${server.url}
        queries:
          - { pool: web, signal: rps, query: load }
          - { pool: web, signal: queue, query: many }
          - { pool: web, signal: users, query: nothing }
          - { pool: web, signal: rpz, query: load }
      - { name: gone, url: "http://127.0.0.1:1", queries: [{ pool: web, signal: rps, query: load }] }
`,
  );
  const { code, stdout } = await ran('doctor', '--config', config);
  expect(code).toBe(1);
  expect(stdout).toMatch(/ok +reachable +prometheus main: web\/rps +42 now/);
  expect(stdout).toMatch(/fail +reachable +prometheus main: web\/queue +2 series; allowed: one, such as sum\(many\)/);
  expect(stdout).toMatch(/warn +reachable +prometheus main: web\/users +no value now/);
  expect(stdout).toMatch(/fail +reachable +prometheus gone: web\/rps +127.0.0.1:1: (ECONNREFUSED|bad port)/);
  expect(stdout).toMatch(/warn +reachable +web\/rpz +collected and never forecast/);
  expect(stdout).toMatch(/fail +reachable +trace .*none.csv +cannot be read: ENOENT/);
});
