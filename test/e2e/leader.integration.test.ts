import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeEvent, planSchema, subjects } from '@forescale/shared/wire';
import { CoordinationV1Api, KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ran } from '../cli/captured.ts';
import { temporaryDirectory, writeConfig } from '../harness/config-file.ts';
import { createLoadedCluster, runInRealTime } from '../harness/loaded-cluster.ts';
import { OutsideClient } from '../harness/outside-client.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { startRealServers } from '../harness/real-servers.ts';
import { eventually } from '../harness/waiting.ts';

/** 15 s of the lease and one look of a follower, and as much again for a machine that is busy. */
const TAKEOVER_WITHIN_MS = 40_000;
const PUBLISH_EVERY_MS = 500;
const INITIAL_NODES = 3;
const TOKEN = 'correct-horse';

type Actuator = ForescaleProcess & { readonly url: string };

const closing: (() => Promise<unknown>)[] = [];
let load = 300;
let cluster: ReturnType<typeof createLoadedCluster>;
let leases: CoordinationV1Api;
let outside: OutsideClient;
let actuatorConfig: string;

beforeAll(async () => {
  const startMs = Date.now();
  cluster = createLoadedCluster({
    startMs,
    endMs: startMs,
    load: () => 300,
    bootMs: 1_000,
    initialNodes: INITIAL_NODES,
    options: { cloudCalls: { createLatencyMs: 200, time: 'wall' } },
  });
  const real = await runInRealTime(cluster);
  closing.push(() => real.stop());
  const kube = new KubeConfig();
  kube.loadFromClusterAndUser({ name: 'sim', server: real.url, skipTLSVerify: true }, { name: 'user' });
  leases = kube.makeApiClient(CoordinationV1Api);
  const { nats, influx, directory } = await startRealServers(closing);
  const collectorDirectory = await temporaryDirectory();
  closing.push(collectorDirectory.remove);
  outside = await OutsideClient.connect(nats.url, influx.url);
  closing.push(() => outside.close());
  const options = { clusterUrl: real.url, clock: 'system', interval: '10s' } as const;
  const servers = { nats: nats.url, influx: influx.url };
  const collectorConfig = await writeConfig({
    ...options,
    servers,
    directory: collectorDirectory.path,
    tick: '1s',
  });
  // So far apart that whatever is done is done by one who has just become leader.
  const tokenFile = join(directory.path, 'token');
  await writeFile(tokenFile, TOKEN);
  actuatorConfig = await writeConfig({ ...options, servers, directory: directory.path, tick: '1h', tokenFile });
  const collector = await ForescaleProcess.service(['collector', '--config', collectorConfig]);
  closing.push(() => collector.interrupt());
  const publishing = setInterval(() => void outside.publishKpi(Date.now(), load).catch(() => {}), PUBLISH_EVERY_MS);
  closing.push(async () => clearInterval(publishing));
  await eventually('samples are stored', 30_000, async () => (await outside.storedTimes()).length > 2);
});

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

async function start(): Promise<Actuator> {
  const actuator = await ForescaleProcess.service(['actuator', '--config', actuatorConfig]);
  closing.push(() => actuator.interrupt());
  return actuator;
}

async function roleOf({ url }: Actuator): Promise<unknown> {
  return await (await fetch(`${url}/readyz`)).json();
}

const untilRole = (actuator: Actuator, role: string, withinMs: number) =>
  eventually(`${role} and ready`, withinMs, async () => {
    const report = (await roleOf(actuator)) as { readonly ready: boolean; readonly role: string };
    return report.ready && report.role === role;
  });

const machines = () => cluster.cloud.list().filter(({ state }) => state === 'starting' || state === 'running');

/** Raises the load, and waits until the measured one follows. */
async function raiseLoad(to: number): Promise<void> {
  load = to;
  const sinceMs = Date.now();
  await eventually('the new load is stored', 20_000, async () =>
    (await outside.storedTimes()).some((timeMs) => timeMs > sinceMs + PUBLISH_EVERY_MS),
  );
}

function expectNothingTwice(): void {
  const requests = machines().flatMap(({ requestId }) => (requestId === '' ? [] : [requestId]));
  expect(new Set(requests).size).toBe(requests.length);
  const plans = outside.received.get(subjects.plan('web')) ?? [];
  const generations = plans.map((data) => decodeEvent(data, planSchema).generation);
  expect(new Set(generations).size).toBe(generations.length);
}

async function leaseSpec() {
  const lease = await leases.readNamespacedLease({ name: 'forescale-actuator', namespace: 'forescale' });
  const { holderIdentity: holder, leaseTransitions: transitions, leaseDurationSeconds: seconds } = lease.spec ?? {};
  return { holder, transitions, seconds };
}

describe('two actuators, one Lease', () => {
  let first: Actuator;
  let second: Actuator;

  it('one leads and acts, the other one stands by; both are ready', async () => {
    first = await start();
    await untilRole(first, 'leader', TAKEOVER_WITHIN_MS);
    second = await start();
    await untilRole(second, 'follower', 20_000);
    expect(await roleOf(first)).toEqual({ ready: true, reasons: {}, role: 'leader' });
    expect(await leaseSpec()).toEqual({ holder: expect.stringMatching(/_/), transitions: 0, seconds: 15 });
    expect(machines()).toHaveLength(INITIAL_NODES);
    expect(first.stderr).toMatch(/"msg":"became leader"/);
    const gauge = async ({ url }: Actuator) => {
      const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
      return /^forescale_leader(?:\{.*\})? (\d)$/m.exec(await response.text())?.[1];
    };
    expect([await gauge(first), await gauge(second)]).toEqual(['1', '0']);
  });

  it.each(['leader', 'follower'])('a change over HTTP that meets the %s is made by the leader', async (role) => {
    const { url } = role === 'leader' ? first : second;
    const answer = await ran('resume', 'web', '--config', actuatorConfig, '--url', url, '--by', 'ops', '--why', role);
    expect(answer).toEqual({ code: 0, stdout: `pool web: resumed, by ops: ${role}\n`, stderr: '' });
    const noted = `"outcome":"done","why":"resumed, by ops: ${role}"`;
    await eventually('a line in the log', 5_000, () => first.stderr.includes(noted));
    expect(second.stderr).not.toContain(noted);
  });

  it('the leader killed with SIGKILL: the other one acts, and nobody else', async () => {
    await raiseLoad(600);
    const killedMs = Date.now();
    await first.crash();
    await eventually('the other one buys', TAKEOVER_WITHIN_MS, () => machines().length > INITIAL_NODES);
    // For people: the claim itself is held to in virtual time.
    process.stdout.write(`acted ${((Date.now() - killedMs) / 1_000).toFixed(1)} s after the leader was killed\n`);
    await untilRole(second, 'leader', 20_000);
    await eventually('all are bought', 20_000, () => machines().length === 6);
    expect(await leaseSpec()).toMatchObject({ transitions: 1 });
    expectNothingTwice();
  });

  it('the leader asked to end: it gives the lease back, and the next one acts at once', async () => {
    const third = await start();
    await untilRole(third, 'follower', 20_000);
    await raiseLoad(800);
    second.send('SIGTERM');
    await eventually('the next one buys', TAKEOVER_WITHIN_MS, () => machines().length === 8);
    expect(await second.end(20_000)).toBe(130);
    expect(second.stderr).toMatch(/"msg":"gave the lease back"/);
    await untilRole(third, 'leader', 20_000);
    expect(await leaseSpec()).toMatchObject({ transitions: 2 });
    expectNothingTwice();
    first = third;
  });

  it('the leader stands still: the other one takes over, and when it goes on it knows that it leads no more', async () => {
    second = await start();
    await untilRole(second, 'follower', 20_000);
    await raiseLoad(1_000);
    first.send('SIGSTOP');
    await eventually('the other one buys', TAKEOVER_WITHIN_MS, () => machines().length === 10);
    first.send('SIGCONT');
    await untilRole(first, 'follower', 20_000);
    expect(first.stderr).toMatch(/"msg":"lost the lease: does nothing more"/);
    expect(await leaseSpec()).toMatchObject({ transitions: 3 });
    expect(await roleOf(second)).toEqual({ ready: true, reasons: {}, role: 'leader' });
    expectNothingTwice();
    expect(machines()).toHaveLength(10);
  });
});
