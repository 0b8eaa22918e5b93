import {
  type ClusterService,
  createClusterProbe,
  createClusterWriter,
  createLease,
  createSurroundings,
  createWatchingReader,
  describePermission,
  LEASE_NAME,
  neededPermissions,
  type WatchingReader,
} from '@forescale/shared/kubernetes';
import { silentLog } from '@forescale/shared/telemetry';
import { seededRandom, systemClock } from '@forescale/shared/time';
import { type AccessRequest, type Authorizer, rbacAuthorizer, type UserInfo } from '@forescale/simulator/cluster';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../cli/src/doctor/finding.ts';
import { checkPermissions } from '../../cli/src/doctor/permissions.ts';
import { kubeOf, type Rule, readManifest, rightsOf, titleOf, USERS, userOf, without } from './rights.ts';
import { World } from './world.ts';

const manifest = await readManifest('rbac.yaml');

interface Asked {
  readonly user: UserInfo;
  readonly request: AccessRequest;
}

/** What was asked under the shipped rights, and how it was answered. */
const asked: Asked[] = [];
const refused: string[] = [];
const shipped = rbacAuthorizer(manifest);
/** Other rights than the shipped ones, under which nothing is recorded. */
let inForce: Authorizer | null = null;
const recording: Authorizer = {
  allows(user, request) {
    // The test itself.
    if (user.groups.includes('system:masters')) return true;
    if (inForce !== null) return inForce.allows(user, request);
    asked.push({ user, request });
    const allowed = shipped.allows(user, request);
    if (!allowed) refused.push(`${user.name}: ${request.verb} ${request.resource} ${request.namespace}`);
    return allowed;
  },
};

const readers: WatchingReader[] = [];
/** Pages so small that nodes and pods are watched, as in a cluster of thousands. */
function readerOf(url: string, service: ClusterService): WatchingReader {
  const parts = { clock: systemClock, random: seededRandom(1), log: silentLog(), pageSize: 5 };
  const reader = createWatchingReader(kubeOf(url, service), parts);
  readers.push(reader);
  return reader;
}

const rights = rightsOf(manifest);

/** Three nodes, ten at the top, three again. */
const hill = (minute: number) => (minute >= 10 && minute < 40 ? 40 : 12);

let world: World;
beforeAll(async () => {
  const wire = {
    reader: (url: string) => readerOf(url, 'actuator'),
    collectorReader: (url: string) => readerOf(url, 'collector'),
    writer: (url: string) => createClusterWriter(kubeOf(url, 'actuator')),
    surroundings: (url: string) => createSurroundings(kubeOf(url, 'actuator')),
    ioClock: systemClock,
    drive: (tick: Promise<void>) => tick,
    // What waits for a watch to catch up waits for a bookmark, where nothing of its kind has changed.
    listen: { bookmarkIntervalMs: 5 },
  };
  const options = { namespaces: ['forescale'], users: USERS, authorizer: recording };
  world = await World.create(hill, options, { wire });
  await live(world);
}, 120_000);
afterAll(async () => {
  for (const reader of readers) reader.close();
  await world.close();
});

/** Everything that the services ever ask the cluster for, once at least. */
async function live(world: World): Promise<void> {
  await world.minutes(19);
  expect((await world.names()).nodes).toHaveLength(10);
  // An annotation that pauses the pool, and its end.
  const maps = '/api/v1/namespaces/forescale/configmaps';
  const paused = { 'forescale.dev/paused': 'true' };
  world.cluster.request('POST', maps, { metadata: { name: 'forescale-web', annotations: paused } });
  await world.minutes(2);
  world.cluster.request('DELETE', `${maps}/forescale-web`);
  // One machine gets a notice, another one goes without.
  const running = world.cluster.cloud.list().filter(({ state }) => state === 'running');
  world.cluster.cloud.reclaim(running[0]?.id ?? '');
  world.cluster.cloud.terminate(running[1]?.id ?? '');
  await world.minutes(20);
  // The load is gone: nodes are drained within the workload's budget, and removed.
  await world.minutes(60);
  const { nodes, machines } = await world.names();
  expect(nodes).toEqual(machines);
  expect(nodes.length).toBeLessThanOrEqual(4);
  await lead(world.url);
}

/** A term of a leader: the Lease is made, read, renewed and given back. */
async function lead(url: string): Promise<void> {
  const lease = createLease(kubeOf(url, 'actuator'), 'forescale', LEASE_NAME);
  const time = '2026-03-02T09:00:00.000000Z';
  const ours = { holder: 'a', durationMs: 15_000, transitions: 0, acquired: time, renewed: time };
  expect(await lease.read()).toBeNull();
  const made = await lease.write(ours, null);
  expect(await lease.write({ ...ours, holder: '' }, made?.version ?? '')).toMatchObject({ holder: '' });
}

describe('deploy/kubernetes/rbac.yaml', () => {
  it('is enough: collector and actuator live through everything without one refusal', async () => {
    expect(refused).toEqual([]);
    expect(asked.length).toBeGreaterThan(500);
    expect(await world.readiness.report()).toEqual({ ready: true, reasons: {} });
  });

  it('lets the collector change nothing', () => {
    const verbs = new Set(
      asked.filter(({ user }) => user.name.endsWith('collector')).map(({ request }) => request.verb),
    );
    expect([...verbs].sort()).toEqual(['list', 'watch']);
    for (const verb of ['create', 'update', 'patch', 'delete', 'deletecollection'] as const)
      for (const { request } of asked) expect(shipped.allows(userOf('collector'), { ...request, verb })).toBe(false);
  });

  it('allows all that is said to be needed, under whichever name a pool has', () => {
    for (const right of neededPermissions(world.config, ['collector', 'actuator']))
      expect(shipped.allows(userOf(right.service), right), describePermission(right)).toBe(true);
  });

  it.each(rights.map((right, index) => [titleOf(right), index] as const))(
    'is no more than is asked for, and doctor names what is taken away: %s',
    async (_, index) => {
      const rest = without(manifest, rights, index);
      expect(asked.some(({ user, request }) => !rest.allows(user, request))).toBe(true);
      const found = await examined(rest);
      const [group, resource, verb] = [right(index).apiGroups[0], right(index).resources[0], right(index).verbs[0]];
      expect(found.map(({ subject }) => subject)).toEqual([
        expect.stringMatching(new RegExp(`^${verb} ${resource}${group === '' ? '' : `.${group}`}( |$)`)),
      ]);
      expect(found[0]).toMatchObject({
        state: expect.stringMatching(/^(warn|fail)$/),
        detail: expect.stringContaining('without it'),
      });
    },
  );

  it('doctor finds nothing missing of what is shipped', async () => {
    expect(await examined(shipped)).toEqual([]);
  });
});

const right = (index: number): Rule => (rights[index] as (typeof rights)[number]).rule;

/** What doctor says to each service, over HTTP, where these are the rights. */
async function examined(authorizer: Authorizer): Promise<Finding[]> {
  inForce = authorizer;
  const findings = await Promise.all(
    (['collector', 'actuator'] as const).map((service) =>
      checkPermissions(
        createClusterProbe(kubeOf(world.url, service), systemClock),
        neededPermissions(world.config, [service]),
        { clock: systemClock, timeoutMs: 10_000 },
      ),
    ),
  );
  return findings.flat().filter(({ state }) => state !== 'ok');
}
