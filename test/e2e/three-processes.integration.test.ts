import { spawnSync } from 'node:child_process';
import { POOL_LABEL } from '@forescale/shared/config';
import {
  decodeEvent,
  forecastSchema,
  NODE_EVENTS,
  nodeEventSchema,
  planSchema,
  subjects,
} from '@forescale/shared/wire';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  forecastDocumentSchema,
  historySchema,
  planDocumentSchema,
  poolsSchema,
} from '../../services/actuator/src/api/schema.ts';
import { Conducted, SERVICES, type Service } from '../harness/conducted.ts';
import { CAPACITY_PER_NODE, type ConfigOptions, writeConfig } from '../harness/config-file.ts';
import { OutsideClient } from '../harness/outside-client.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { startRealServers } from '../harness/real-servers.ts';
import { eventually } from '../harness/waiting.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 2, 4, 11, 45);
const MINUTES = 130;
const HISTORY_DAYS = 2;

/** 300 all day, but from 12:00 to 12:30 up to 1,200, and from 13:00 to 13:15 down again; never quite even. */
function load(timeMs: number): number {
  const minute = (timeMs % DAY_MS) / MINUTE_MS;
  const up = Math.min(1, Math.max(0, (minute - 720) / 30));
  const down = Math.min(1, Math.max(0, (minute - 780) / 15));
  return 300 + 900 * (up - down) + 10 * Math.sin(minute / 7);
}

const closing: (() => Promise<unknown>)[] = [];
const urls = {} as Record<Service, string>;
const nodesByMinute: number[] = [];
/** Of Events; the cluster forgets them after an hour. */
const eventReasons = new Set<string>();
let configOptions: ConfigOptions;
let conducted: Conducted;
let outside: OutsideClient;
let kubernetes: CoreV1Api;

beforeAll(async () => {
  const { nats, influx, directory } = await startRealServers(closing);
  outside = await OutsideClient.connect(nats.url, influx.url);
  closing.push(() => outside.close());
  const endMs = START_MS + MINUTES * MINUTE_MS;
  conducted = await Conducted.start({ startMs: START_MS, endMs, load, initialNodes: 4 }, nats.url);
  closing.push(() => conducted.close());
  const kube = new KubeConfig();
  kube.loadFromClusterAndUser({ name: 'sim', server: conducted.clusterUrl, skipTLSVerify: true }, { name: 'user' });
  kubernetes = kube.makeApiClient(CoreV1Api);
  configOptions = {
    directory: directory.path,
    clusterUrl: conducted.clusterUrl,
    clock: 'bus',
    servers: { nats: nats.url, influx: influx.url },
    pool: ['lead_time: 95s', 'scale_down: { unneeded: 3m, after_scale_up: 3m }'],
  };
  const config = await writeConfig(configOptions);
  await Promise.all(
    SERVICES.map(async (name) => {
      const service = await ForescaleProcess.service([name, '--config', config]);
      closing.push(() => service.interrupt());
      urls[name] = service.url;
    }),
  );
  await publishHistory();
  await play();
});

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

async function publishHistory(): Promise<void> {
  // The collector makes the stream, and listens to it, with its first tick.
  await conducted.tick('collector');
  const minutes = HISTORY_DAYS * 1_440;
  for (let i = minutes; i > 0; i -= 288) {
    const times = Array.from({ length: 288 }, (_, j) => START_MS - (i - j) * MINUTE_MS);
    await Promise.all(times.map((timeMs) => outside.publishKpi(timeMs, load(timeMs))));
  }
  await eventually('the history is stored', 20_000, async () => (await outside.storedTimes()).length === minutes);
}

async function play(): Promise<void> {
  for (let minute = 1; minute <= MINUTES; minute++) {
    await conducted.minute(async (nowMs) => {
      await outside.publishKpi(nowMs, load(nowMs));
      await eventually('the KPI comes back', 10_000, () => lastSampleMs() === nowMs);
    });
    nodesByMinute.push((await poolNodes()).length);
    if (minute % 30 > 0) continue;
    for (const { reason } of (await kubernetes.listEventForAllNamespaces()).items) eventReasons.add(reason ?? '');
  }
}

const lastSampleMs = () => {
  const data = outside.last(subjects.sample('web', 'load'));
  return data && Date.parse((JSON.parse(new TextDecoder().decode(data)) as { time: string }).time);
};

async function poolNodes() {
  return (await kubernetes.listNode({ labelSelector: `${POOL_LABEL}=web` })).items;
}

const get = async (service: Service, path: string) => {
  const response = await fetch(urls[service] + path);
  return { status: response.status, text: await response.text() };
};

describe('three processes on NATS and InfluxDB', () => {
  it('a plain NATS client gets forecasts, plans and node events that are what the schemas say', () => {
    const forecast = decodeEvent(outside.last(subjects.forecast('web', 'load')) ?? new Uint8Array(), forecastSchema);
    expect(forecast).toMatchObject({ pool: 'web', signal: 'load', issuedMs: conducted.cluster.nowMs() });
    expect(forecast.model).toBe('combination');
    const plan = decodeEvent(outside.last(subjects.plan('web')) ?? new Uint8Array(), planSchema);
    expect(plan).toMatchObject({
      pool: 'web',
      mode: 'enforce',
      time: conducted.cluster.nowMs(),
      floor: 2,
      ceiling: 40,
    });
    const seen = NODE_EVENTS.filter((event) => outside.received.has(subjects.node('web', event)));
    expect(seen).toEqual(['requested', 'launched', 'registered', 'ready', 'useful', 'draining', 'removed']);
    for (const event of seen)
      for (const data of outside.received.get(subjects.node('web', event)) ?? [])
        expect(decodeEvent(data, nodeEventSchema)).toMatchObject({ pool: 'web', event });
  });

  it('nodes are there before the load is, and go when it has gone', async () => {
    const peak = Math.max(...nodesByMinute);
    expect(nodesByMinute[0]).toBeLessThanOrEqual(5);
    expect(peak).toBeGreaterThanOrEqual(12);
    expect(peak).toBeLessThanOrEqual(18);
    expect(nodesByMinute.at(-1)).toBeLessThanOrEqual(5);
    const { workload, pods } = conducted.cluster.summary();
    expect(workload?.unmetDemandShare).toBeLessThan(0.01);
    expect(pods).toMatchObject({ pending: 0 });
    const machines = conducted.cluster.cloud.list().map((machine) => machine.nodeName);
    expect((await poolNodes()).map((node) => node.metadata?.name).sort()).toEqual(machines.sort());
  });

  it('InfluxDB has every KPI once, and the five measurements', async () => {
    const expected = Array.from({ length: HISTORY_DAYS * 1_440 }, (_, i) => START_MS - (i + 1) * MINUTE_MS).reverse();
    const live = Array.from({ length: MINUTES }, (_, i) => START_MS + (i + 1) * MINUTE_MS);
    expect(await outside.storedTimes()).toEqual([...expected, ...live]);
    const measurements = (await outside.influx('SHOW MEASUREMENTS')).flat();
    expect(measurements).toEqual(expect.arrayContaining(['accuracy', 'cost', 'forecast', 'kpi', 'node', 'plan']));
    const [[, plans] = []] = await outside.influx("SELECT count(ready) FROM plan WHERE pool = 'web'");
    expect(plans).toBe(MINUTES);
  });

  it('the cluster has Events of what was done', () => {
    expect([...eventReasons]).toEqual(expect.arrayContaining(['TriggeredScaleUp', 'ScaledUp', 'ScaleDown']));
  });

  it.each(SERVICES)('%s answers /healthz, /readyz and /metrics', async (service) => {
    expect(await get(service, '/healthz')).toMatchObject({ status: 200 });
    const { status, text } = await get(service, '/readyz');
    expect({ status, ...JSON.parse(text) }).toMatchObject({ status: 200, ready: true, reasons: {} });
    expect((await get(service, '/metrics')).status).toBe(200);
  });

  it.each(SERVICES)('promtool has nothing against the metrics of %s', async (service) => {
    const { text } = await get(service, '/metrics');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });

  it('the metrics have the names that dashboards rely on', async () => {
    const names = async (service: Service) =>
      [...(await get(service, '/metrics')).text.matchAll(/^# TYPE forescale_(\S+)/gm)].map((match) => match[1]);
    expect(await names('collector')).toContain('samples_written_total');
    expect(await names('predictor')).toEqual(expect.arrayContaining(['forecast_error', 'forecast_coverage']));
    expect(await names('actuator')).toEqual(
      expect.arrayContaining([
        'scaling_lead_time',
        'node_readiness_time',
        'node_create_duration',
        'cost_rate',
        'cost_saved_rate',
        'plan_duration',
        'breaker_state',
        'nodes',
        'safe_to_scale',
      ]),
    );
  });

  it('the documents of the API are what their schemas say', async () => {
    const document = async (path: string) => JSON.parse((await get('actuator', path)).text);
    const pools = poolsSchema.parse(await document('/api/v1/pools'));
    expect(pools).toMatchObject({ notice: null, pools: [{ name: 'web', mode: 'enforce', provider: 'simulated' }] });
    expect(pools.pools[0]?.signals).toEqual([{ name: 'load', unit: '', capacityPerNode: CAPACITY_PER_NODE }]);
    const { plan, decisions } = planDocumentSchema.parse(await document('/api/v1/plan?pool=web&decisions=100'));
    expect(plan?.ready).toBe(nodesByMinute.at(-1));
    expect(decisions.map((decision) => decision.kind)).toEqual(expect.arrayContaining(['create', 'drain']));
    const { forecasts } = forecastDocumentSchema.parse(await document('/api/v1/forecast?pool=web'));
    expect(forecasts.map((forecast) => forecast.signal)).toEqual(['load']);
    const history = historySchema.parse(await document('/api/v1/history?pool=web&signal=load'));
    expect(history.load.filter((value) => value !== null).length).toBeGreaterThan(MINUTES);
  });
  it('one more on a port that is taken says so and ends, whatever it had opened', async () => {
    const config = await writeConfig({ ...configOptions, port: Number(new URL(urls.actuator).port) });
    const another = new ForescaleProcess(['actuator', '--config', config]);
    closing.push(() => another.crash());
    expect(await another.end(20_000)).toBe(1);
    expect(another.stderr).toMatch(/forescale: .*EADDRINUSE/);
  });
});
