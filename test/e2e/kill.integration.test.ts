import { setTimeout as delay } from 'node:timers/promises';
import { decodeEvent, forecastSchema, planSchema, subjects } from '@forescale/shared/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Conducted, SERVICES, type Service } from '../harness/conducted.ts';
import { writeConfig } from '../harness/config-file.ts';
import { OutsideClient } from '../harness/outside-client.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { startRealServers } from '../harness/real-servers.ts';
import { eventually } from '../harness/waiting.ts';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 2, 4, 9);
const RISE_MS = START_MS + 5 * MINUTE_MS;
const FALL_MS = START_MS + 25 * MINUTE_MS;
const INITIAL_NODES = 4;
/** Between two samples that are published in a burst. */
const BURST_STEP_MS = 500;
const BURST = 4_000;

/** Four nodes' worth, then ten, then four. */
const load = (timeMs: number) => (timeMs >= RISE_MS && timeMs < FALL_MS ? 1_000 : 350);

const closing: (() => Promise<unknown>)[] = [];
const processes = {} as Record<Service, ForescaleProcess>;
/** Times of the KPIs that JetStream has acknowledged. */
const acknowledged: number[] = [];
let config: string;
let conducted: Conducted;
let outside: OutsideClient;

beforeAll(async () => {
  const { nats, influx, directory } = await startRealServers(closing);
  outside = await OutsideClient.connect(nats.url, influx.url);
  closing.push(() => outside.close());
  conducted = await Conducted.start(
    {
      startMs: START_MS,
      endMs: START_MS + 120 * MINUTE_MS,
      load,
      initialNodes: INITIAL_NODES,
      // Long enough for a kill between a machine being made and its answer.
      options: { cloudCalls: { createLatencyMs: 700, terminateLatencyMs: 300, time: 'wall' } },
    },
    nats.url,
  );
  closing.push(() => conducted.close());
  config = await writeConfig({
    directory: directory.path,
    clusterUrl: conducted.clusterUrl,
    clock: 'bus',
    servers: { nats: nats.url, influx: influx.url },
    pool: ['lead_time: 95s', 'scale_down: { unneeded: 3m, after_scale_up: 3m }'],
  });
  closing.push(() => Promise.all(Object.values(processes).map((service) => service.interrupt())));
  await Promise.all(SERVICES.map(start));
});

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

async function start(name: Service): Promise<void> {
  processes[name] = await ForescaleProcess.service([name, '--config', config]);
}

/** Kills the service at the awkward moment that `moment` waits for, while it is at the work of one tick. */
async function killDuringTick(name: Service, moment: () => Promise<unknown>): Promise<void> {
  const tick = conducted.tick(name);
  await moment();
  await processes[name].crash();
  await start(name);
  // Asked again until the one that was started anew answers.
  await tick;
}

async function publish(timeMs: number): Promise<void> {
  await outside.publishKpi(timeMs, load(timeMs));
  acknowledged.push(timeMs);
}

const minute = () => conducted.minute(publish);

/** A minute in which the actuator is killed once `moment` has come. */
async function minuteWithKill(moment: () => Promise<unknown>): Promise<void> {
  const nowMs = conducted.cluster.nowMs() + MINUTE_MS;
  conducted.cluster.step(nowMs);
  await publish(nowMs);
  await conducted.tick('collector');
  await conducted.tick('predictor');
  await killDuringTick('actuator', moment);
}

const lastPlan = () => decodeEvent(outside.last(subjects.plan('web')) ?? new Uint8Array(), planSchema);
const machines = () =>
  conducted.cluster.cloud.list().filter(({ state }) => state === 'starting' || state === 'running');
const created = () => conducted.cluster.cloud.counts().created - INITIAL_NODES;

function expectNoMachineTwice(): void {
  const requests = machines().flatMap(({ requestId }) => (requestId === '' ? [] : [requestId]));
  expect(new Set(requests).size).toBe(requests.length);
  const names = machines().map(({ nodeName }) => nodeName);
  expect(new Set(names).size).toBe(names.length);
}

describe('services killed with SIGKILL', () => {
  it('collector: killed over and over while samples pour in', async () => {
    await conducted.tick('collector');
    const times = Array.from({ length: BURST }, (_, i) => START_MS - (BURST - i) * BURST_STEP_MS);
    const publishing = (async () => {
      for (let from = 0; from < BURST; from += 50) await Promise.all(times.slice(from, from + 50).map(publish));
    })();
    for (const share of [0.1, 0.3, 0.5]) {
      await eventually('samples are stored', 40_000, async () => (await outside.storedTimes()).length > share * BURST);
      await processes.collector.crash();
      await start('collector');
      await conducted.tick('collector');
    }
    await publishing;
    expect(acknowledged).toHaveLength(BURST);
  });

  it('predictor: killed at its first forecast, in training and after it', async () => {
    for (const afterMs of [20, 300, 1_000]) {
      await killDuringTick('predictor', () => delay(afterMs));
      await conducted.minute(publish);
    }
    const forecast = decodeEvent(outside.last(subjects.forecast('web', 'load')) ?? new Uint8Array(), forecastSchema);
    expect(forecast.issuedMs).toBe(conducted.cluster.nowMs());
    expect(processes.predictor.stderr).not.toMatch(/training of \S+ \(\w+\) failed|training dropped/);
  });

  it('actuator: killed while machines are being created, and while they boot: none is made twice', async () => {
    while (conducted.cluster.nowMs() < RISE_MS - MINUTE_MS) await minute();
    const before = created();
    await minuteWithKill(() => eventually('a machine is made', 10_000, () => created() > before));
    await minuteWithKill(() => delay(100));
    for (let i = 0; i < 8; i++) await minute();
    expectNoMachineTwice();
    const { desired, ready, starting } = lastPlan();
    expect({ ready, starting }).toEqual({ ready: desired, starting: 0 });
    expect(created()).toBe(desired - INITIAL_NODES);
    expect(machines()).toHaveLength(desired);
    expect(desired).toBeGreaterThanOrEqual(10);
  });

  it('actuator: killed while nodes are being drained: they go, and nothing is left behind', async () => {
    while (conducted.cluster.nowMs() < FALL_MS) await minute();
    const draining = () => (lastPlan().draining > 0 ? true : null);
    for (let i = 0; i < 30 && !draining(); i++) await minute();
    for (const afterMs of [30, 150, 400]) await minuteWithKill(() => delay(afterMs));
    const ended = machines().length;
    await eventually('the number of nodes is what is wanted', 60_000, async () => {
      await minute();
      const { desired, ready, starting, draining: leaving } = lastPlan();
      return ready === desired && starting === 0 && leaving === 0 && desired <= 5;
    });
    expect(machines().length).toBeLessThanOrEqual(ended);
    expectNoMachineTwice();
    expect(machines()).toHaveLength(lastPlan().desired);
    expect(conducted.cluster.summary()).toMatchObject({
      nodes: { total: machines().length, ready: machines().length },
      pods: { pending: 0 },
    });
  });

  it('every KPI that JetStream has acknowledged is in InfluxDB, once', async () => {
    const wanted = [...new Set(acknowledged)].sort((a, b) => a - b);
    // What a killed collector had in hand comes again after 30 s.
    await eventually('all are stored', 45_000, async () => (await outside.storedTimes()).length >= wanted.length);
    expect(await outside.storedTimes()).toEqual(wanted);
  });
});
