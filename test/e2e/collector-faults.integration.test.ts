import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OutsideClient } from '../harness/outside-client.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { startRealServers } from '../harness/real-servers.ts';
import { eventually } from '../harness/waiting.ts';
import type { TestServer } from '../servers/index.ts';

/** How long InfluxDB is away at least: 2 min are `FORESCALE_OUTAGE_SECONDS=120`. */
const OUTAGE_MS = 1_000 * Number(process.env.FORESCALE_OUTAGE_SECONDS ?? '5');
const KILLS = 10;
const WITHIN_MS = 60_000;
/** Published at once, and waited for. */
const BURST = 20;
const BURST_EVERY_MS = 10;

const closing: (() => Promise<unknown>)[] = [];
/** Times of the KPIs that JetStream has acknowledged, and of all that were tried: each a time of its own. */
const acknowledged = new Set<number>();
const tried = new Set<number>();
let nats: TestServer;
let influx: TestServer;
let outside: OutsideClient;
let watching: NatsConnection;
let config: string;
let collector: ForescaleProcess & { readonly url: string };
let publishing = true;

beforeAll(async () => {
  const servers = await startRealServers(closing);
  ({ nats, influx } = servers);
  outside = await OutsideClient.connect(nats.url, influx.url);
  closing.push(() => outside.close());
  watching = await connect({ servers: new URL(nats.url).host, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
  closing.push(() => watching.close());
  config = join(servers.directory.path, 'collector.yaml');
  await writeFile(
    config,
    `autoscaler:
  data_dir: "${servers.directory.path}"
  clock: { tick: 1s }
  store: { kind: influxdb, url: "${influx.url}" }
  bus: { kind: nats, url: "${nats.url}" }
  kubernetes: { enabled: false }
  http: { port: 0 }
  pools: [{ name: web }]
`,
  );
  collector = await start();
  closing.push(() => collector.interrupt());
});
afterAll(async () => {
  publishing = false;
  for (const close of closing.reverse()) await close();
});

const start = () => ForescaleProcess.service(['collector', '--config', config]);

/** An application that goes on whatever happens; what is not acknowledged is not promised. */
async function publishOn(): Promise<void> {
  let timeMs = Date.now() - 3_600_000;
  while (publishing) {
    const times = Array.from({ length: BURST }, () => timeMs++);
    for (const one of times) tried.add(one);
    await Promise.all(
      times.map((one) =>
        outside.publishKpi(one, one % 1_000).then(
          () => acknowledged.add(one),
          () => {},
        ),
      ),
    );
    await delay(BURST_EVERY_MS);
  }
}

/** Messages of the stream that the collector has not acknowledged. */
async function unacknowledged(): Promise<number> {
  const manager = await watching.jetstreamManager();
  const { num_pending, num_ack_pending } = await manager.consumers.info('FORESCALE_KPI', 'collector');
  return num_pending + num_ack_pending;
}

const readiness = async () => (await fetch(`${collector.url}/readyz`)).text();
const metric = async (name: string) => {
  const text = await (await fetch(`${collector.url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(text)?.[1] ?? 0);
};

describe('the collector, under load', () => {
  it('with InfluxDB away, ten times killed meanwhile and NATS restarted: every acknowledged sample is stored, once', {
    timeout: 240_000 + 2 * OUTAGE_MS,
  }, async () => {
    await eventually('the stream is there', WITHIN_MS, async () => (await readiness()).includes('"ready":true'));
    const published = publishOn();
    await eventually('samples are stored', WITHIN_MS, async () => (await outside.storedTimes()).length > 500);
    await influx.kill('SIGKILL');
    const awayMs = performance.now();
    await eventually('it says so', WITHIN_MS, async () => /"store":/.test(await readiness()));
    for (let kills = 0; kills < KILLS; kills++) {
      const before = acknowledged.size;
      await eventually('more are published', WITHIN_MS, () => acknowledged.size > before + 200);
      await collector.crash();
      if (kills === KILLS / 2) {
        await nats.kill('SIGKILL');
        await nats.restart();
      }
      collector = await start();
      expect(collector.stderr).not.toMatch(/corrupt/);
    }
    await delay(Math.max(0, OUTAGE_MS - (performance.now() - awayMs)));
    publishing = false;
    await published;
    // Not left to the stream: with InfluxDB away all of them are on the disk, and acknowledged.
    await eventually('all are acknowledged', WITHIN_MS, async () => (await unacknowledged()) === 0);
    expect(await metric('forescale_samples_spooled_total')).toBeGreaterThan(0);
    expect(await metric('forescale_samples_dropped_total')).toBe(0);
    await influx.restart();
    await eventually('all are stored', WITHIN_MS, async () => {
      const stored = new Set(await outside.storedTimes());
      const missing = [...acknowledged].filter((one) => !stored.has(one));
      if (missing.length > 0) throw new Error(`${missing.length} of ${acknowledged.size} are missing`);
      return true;
    });
    await eventually('nothing waits', WITHIN_MS, async () => (await metric('forescale_samples_waiting')) === 0);
    const stored = await outside.storedTimes();
    expect(new Set(stored).size).toBe(stored.length);
    expect(stored.every((one) => tried.has(one))).toBe(true);
    // Beyond what is acknowledged only what NATS took without the application hearing of it.
    expect(stored.length).toBeLessThanOrEqual(tried.size);
    await eventually('it is ready', WITHIN_MS, async () => (await readiness()).includes('"ready":true'));
  });
});
