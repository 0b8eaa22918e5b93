import { decodeEvent, planSchema, subjects } from '@forescale/shared/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVICES } from '../harness/conducted.ts';
import { temporaryDirectory, writeConfig } from '../harness/config-file.ts';
import { createLoadedCluster, runInRealTime } from '../harness/loaded-cluster.ts';
import { OutsideClient } from '../harness/outside-client.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { eventually } from '../harness/waiting.ts';
import { startInflux, startNats, type TestServer } from '../servers/index.ts';

const WITHIN_MS = 30_000;
const PUBLISH_EVERY_MS = 50;

const closing: (() => Promise<unknown>)[] = [];
/** Times of the KPIs that JetStream has acknowledged. */
const acknowledged: number[] = [];
const services: (ForescaleProcess & { readonly url: string })[] = [];
let influx: TestServer;
let nats: TestServer;
let outside: OutsideClient;

beforeAll(async () => {
  const startMs = Date.now();
  const cluster = createLoadedCluster({ startMs, endMs: startMs, load: () => 300, bootMs: 1_000, initialNodes: 3 });
  const real = await runInRealTime(cluster);
  const directory = await temporaryDirectory();
  [nats, influx] = await Promise.all([startNats(), startInflux()]);
  closing.push(
    () => real.stop(),
    directory.remove,
    () => nats.stop(),
    () => influx.stop(),
  );
  outside = await OutsideClient.connect(nats.url, influx.url);
  closing.push(() => outside.close());
  const config = await writeConfig({
    directory: directory.path,
    clusterUrl: real.url,
    clock: 'system',
    tick: '1s',
    interval: '1s',
    servers: { nats: nats.url, influx: influx.url },
  });
  services.push(...(await Promise.all(SERVICES.map((name) => ForescaleProcess.service([name, '--config', config])))));
  closing.push(() => Promise.all(services.map((service) => service.interrupt())));
  const publishing = setInterval(() => void publish(Date.now()), PUBLISH_EVERY_MS);
  closing.push(async () => clearInterval(publishing));
});

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** What is not acknowledged is not promised. */
async function publish(timeMs: number): Promise<void> {
  await outside.publishKpi(timeMs, 300).then(
    () => acknowledged.push(timeMs),
    () => {},
  );
}

async function readiness(service: { readonly url: string }) {
  const response = await fetch(`${service.url}/readyz`);
  return { status: response.status, ...((await response.json()) as { reasons: Record<string, string> }) };
}

async function untilReady(): Promise<void> {
  for (const service of services)
    await eventually(`${service.name} is ready`, WITHIN_MS, async () => {
      const { status, reasons } = await readiness(service);
      if (status !== 200) throw new Error(JSON.stringify(reasons));
      return true;
    });
}

async function untilUnready(reason: RegExp): Promise<void> {
  for (const service of services)
    await eventually(`${service.name} is not ready because of ${reason}`, WITHIN_MS, async () => {
      const { status, reasons } = await readiness(service);
      if (status === 503 && reason.test(JSON.stringify(reasons))) return true;
      throw new Error(`${status} ${JSON.stringify(reasons)}`);
    });
}

const plannedMs = () => {
  const data = outside.last(subjects.plan('web'));
  return data === undefined ? 0 : decodeEvent(data, planSchema).time;
};

async function untilPlannedAfter(timeMs: number): Promise<void> {
  await eventually('the pool is planned', WITHIN_MS, () => plannedMs() > timeMs);
}

async function untilStored(times: readonly number[]): Promise<void> {
  await eventually('every acknowledged KPI is stored', 60_000, async () => {
    const stored = new Set(await outside.storedTimes());
    const missing = times.filter((timeMs) => !stored.has(timeMs));
    if (missing.length > 0) throw new Error(`${missing.length} of ${times.length} are missing`);
    return true;
  });
}

describe('a server is away', () => {
  it('InfluxDB: services stay up and say so, the pool is still planned, and no sample is lost', async () => {
    await untilReady();
    await untilPlannedAfter(0);
    await influx.kill('SIGKILL');
    await untilUnready(/"store":".*InfluxDB/);
    const awayMs = Date.now();
    await untilPlannedAfter(awayMs);
    await eventually('samples came meanwhile', WITHIN_MS, () => acknowledged.some((timeMs) => timeMs > awayMs));
    expect(services.every((service) => service.alive)).toBe(true);
    const soFar = [...acknowledged];
    await influx.restart();
    await untilReady();
    await untilStored(soFar);
  });

  it('NATS: services stay up and say so, go on by themselves, and no acknowledged sample is lost', async () => {
    await untilReady();
    const before = acknowledged.length;
    await nats.kill('SIGKILL');
    await untilUnready(/"bus":".*NATS/);
    expect(services.every((service) => service.alive)).toBe(true);
    await nats.restart();
    await untilReady();
    await untilPlannedAfter(Date.now());
    await eventually('samples come again', WITHIN_MS, () => acknowledged.length > before + 20);
    await untilStored([...acknowledged]);
    expect(services.every((service) => service.alive)).toBe(true);
  });
});
