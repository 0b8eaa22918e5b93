import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ran } from '../cli/captured.ts';
import { startRealServers } from '../harness/real-servers.ts';

const closing: (() => Promise<unknown>)[] = [];
let config: string;
beforeAll(async () => {
  const { nats, influx, directory } = await startRealServers(closing);
  config = join(directory.path, 'forescale.yaml');
  await writeFile(
    config,
    `autoscaler:
  store: { kind: influxdb, url: "${influx.url}" }
  bus: { kind: nats, url: "${nats.url}" }
  kubernetes: { enabled: false }
`,
  );
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

it('doctor reaches NATS and InfluxDB, and says how old they are', async () => {
  const { code, stdout } = await ran('doctor', '--config', config);
  expect(stdout).toMatch(/^ok +reachable +store \(InfluxDB\) +http:/m);
  expect(stdout).toMatch(/^ok +reachable +bus \(NATS\) +nats:\S+, with JetStream$/m);
  expect(stdout).toMatch(/^ok +version +InfluxDB +v?1\.\d/m);
  expect(stdout).toMatch(/^ok +version +NATS +2\.\d+\.\d+/m);
  expect(code, stdout).toBe(0);
});
