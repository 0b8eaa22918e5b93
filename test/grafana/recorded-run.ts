import { Conducted, SERVICES, type Service } from '../harness/conducted.ts';
import { writeConfig } from '../harness/config-file.ts';
import { OutsideClient } from '../harness/outside-client.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { startRealServers } from '../harness/real-servers.ts';
import { eventually } from '../harness/waiting.ts';
import { startPrometheusServer } from '../servers/index.ts';
import { Scrapes } from './scrapes.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 2, 4, 11, 30);
const HISTORY_MINUTES = 2 * 1_440;
const MINUTES = 100;
const CALLS_AT_ONCE = 288;

const ALLOCATABLE = { cpuMillicores: 4_000, memoryBytes: 8 * 2 ** 30, pods: 58, gpus: 0 };
const BOOT = { kind: 'fixed', ms: 90_000 } as const;
const OFFERINGS = [
  { instanceType: 'small', zone: 'a', capacityType: 'on_demand', usdPerHour: 0.1 },
  { instanceType: 'small', zone: 'a', capacityType: 'spot', usdPerHour: 0.03 },
] as const;

/** 300 all day, but from 12:00 to 12:30 up to 1,200, and from 12:50 down again. */
function load(timeMs: number): number {
  const minute = (timeMs % DAY_MS) / MINUTE_MS;
  const up = Math.min(1, Math.max(0, (minute - 720) / 30));
  const down = Math.min(1, Math.max(0, (minute - 770) / 15));
  return 300 + 900 * (up - down) + 10 * Math.sin(minute / 7);
}

/** An hour and a half of a cluster on spot machines, of which one is taken back, as InfluxDB and Prometheus saw it. */
export interface RecordedRun {
  readonly influxUrl: string;
  readonly prometheusUrl: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** Three processes on real servers; whatever ends all of it again is put on `closing`. */
export async function recordRun(closing: (() => Promise<unknown>)[]): Promise<RecordedRun> {
  const { nats, influx, directory } = await startRealServers(closing);
  const outside = await OutsideClient.connect(nats.url, influx.url);
  closing.push(() => outside.close());
  const endMs = START_MS + MINUTES * MINUTE_MS;
  const offerings = OFFERINGS.map((one) => ({ ...one, allocatable: ALLOCATABLE, boot: BOOT, reclaimsPerHour: 0 }));
  const spec = { startMs: START_MS, endMs, load, initialNodes: 4, options: { offerings } };
  const conducted = await Conducted.start(spec, nats.url);
  closing.push(() => conducted.close());
  const config = await writeConfig({
    directory: directory.path,
    clusterUrl: conducted.clusterUrl,
    clock: 'bus',
    servers: { nats: nats.url, influx: influx.url },
    offerings: [
      '{ instance_type: small, zone: a, usd_per_hour: 0.1 }',
      '{ instance_type: small, zone: a, usd_per_hour: 0.03, capacity_type: spot }',
    ],
    pool: ['lead_time: 95s', 'scale_down: { unneeded: 3m, after_scale_up: 3m }', 'spot: { share: 0.5 }'],
  });
  const urls = await startServices(config, closing);
  await publishHistory(conducted, outside);
  const scrapes = new Scrapes(urls);
  await play(conducted, outside, scrapes);
  const prometheus = await startPrometheusServer({ history: scrapes.text() });
  closing.push(() => prometheus.stop());
  return { influxUrl: influx.url, prometheusUrl: prometheus.url, startMs: START_MS, endMs };
}

async function startServices(config: string, closing: (() => Promise<unknown>)[]): Promise<Record<Service, string>> {
  const started = SERVICES.map(async (name) => {
    const service = await ForescaleProcess.service([name, '--config', config]);
    closing.push(() => service.interrupt());
    return [name, service.url] as const;
  });
  return Object.fromEntries(await Promise.all(started)) as Record<Service, string>;
}

async function publishHistory(conducted: Conducted, outside: OutsideClient): Promise<void> {
  // The collector makes the stream, and listens to it, with its first tick.
  await conducted.tick('collector');
  for (let i = HISTORY_MINUTES; i > 0; i -= CALLS_AT_ONCE) {
    const times = Array.from({ length: CALLS_AT_ONCE }, (_, j) => START_MS - (i - j) * MINUTE_MS);
    await Promise.all(times.map((timeMs) => outside.publishKpi(timeMs, load(timeMs))));
  }
  const isStored = async () => (await outside.storedTimes()).length === HISTORY_MINUTES;
  await eventually('the history is stored', 20_000, isStored);
}

async function play(conducted: Conducted, outside: OutsideClient, scrapes: Scrapes): Promise<void> {
  const { cluster } = conducted;
  for (let minute = 1; minute <= MINUTES; minute++) {
    await conducted.minute(async (nowMs) => {
      await outside.publishKpi(nowMs, load(nowMs));
      const isStored = async () => (await outside.storedTimes()).at(-1) === nowMs;
      await eventually('the KPI is stored', 10_000, isStored);
      const spot = cluster.cloud.list().find((one) => one.offering.capacityType === 'spot' && one.state === 'running');
      if (minute === 70 && spot) cluster.cloud.reclaim(spot.id);
    });
    await scrapes.take(cluster.nowMs());
  }
}
