import {
  createClusterProbe,
  createClusterReader,
  createClusterWriter,
  createSurroundings,
  describePermission,
  neededPermissions,
} from '@forescale/shared/kubernetes';
import { systemClock } from '@forescale/shared/time';
import {
  type AccessRequest,
  type Authorizer,
  rbacAuthorizer,
  type SimulatedClusterOptions,
} from '@forescale/simulator/cluster';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkPermissions } from '../../cli/src/doctor/permissions.ts';
import { kubeOf, type Role, readManifest, rightsOf, titleOf, USERS, userOf, without } from '../actuation/rights.ts';
import { World, type WorldSpec } from '../actuation/world.ts';
import { hill, SteeredWorld } from './buffer/steered-world.ts';

/** Worlds that live under these rights, and everything that was asked in them. */
class Recorded {
  readonly asked: AccessRequest[] = [];
  readonly refused: string[] = [];
  readonly worlds: World[] = [];
  inForce: Authorizer;
  readonly #shipped: Authorizer;

  constructor(shipped: Authorizer) {
    this.#shipped = shipped;
    this.inForce = shipped;
  }

  get options(): Partial<SimulatedClusterOptions> {
    const allows: Authorizer['allows'] = (user, request) => {
      // The test itself.
      if (user.groups.includes('system:masters')) return true;
      if (this.inForce !== this.#shipped) return this.inForce.allows(user, request);
      const isAllowed = this.#shipped.allows(user, request);
      if (user.name === userOf('actuator').name) this.asked.push(request);
      if (!isAllowed) this.refused.push(`${user.name}: ${request.verb} ${request.resource} ${request.namespace}`);
      return isAllowed;
    };
    return { namespaces: ['forescale'], users: USERS, authorizer: { allows } };
  }

  readonly spec: WorldSpec = {
    wire: {
      reader: (url) => createClusterReader(kubeOf(url, 'actuator')),
      collectorReader: (url) => createClusterReader(kubeOf(url, 'collector')),
      writer: (url) => createClusterWriter(kubeOf(url, 'actuator')),
      surroundings: (url) => createSurroundings(kubeOf(url, 'actuator')),
      kube: (url) => kubeOf(url, 'actuator'),
      ioClock: systemClock,
      drive: (tick) => tick,
    },
  };

  /** What doctor says over HTTP of the actuator, under these rights. */
  async examined(authorizer: Authorizer): Promise<string[]> {
    this.inForce = authorizer;
    const found = await Promise.all(
      this.worlds.map(({ url, config }) =>
        checkPermissions(
          createClusterProbe(kubeOf(url, 'actuator'), systemClock),
          neededPermissions(config, ['actuator']),
          {
            clock: systemClock,
            timeoutMs: 10_000,
          },
        ),
      ),
    );
    this.inForce = this.#shipped;
    return found.flat().flatMap(({ state, subject }) => (state === 'ok' ? [] : [subject]));
  }
}

/** What rbac.yaml grants, without the right to change nodes. */
function withoutEnforcing(manifest: readonly Role[]): Role[] {
  return manifest.filter(({ metadata }) => metadata.name !== 'forescale-actuator-enforce');
}

const base = await readManifest('rbac.yaml');

describe.each([
  ['rbac-buffer.yaml', withoutEnforcing(base), liveByBuffers],
  ['rbac-clusterapi.yaml', base, liveByClusterApi],
] as const)('deploy/kubernetes/%s', (file, beside, live) => {
  const rights = rightsOf([]);
  let manifest: Role[] = [];
  let shipped: Authorizer;
  let recorded: Recorded;
  beforeAll(async () => {
    manifest = await readManifest(file);
    rights.push(...rightsOf(manifest));
    shipped = rbacAuthorizer([...beside, ...manifest]);
    recorded = new Recorded(shipped);
    await live(recorded);
  }, 120_000);
  afterAll(async () => {
    for (const world of recorded.worlds) await world.close();
  });

  it('is enough: nothing is refused, and all is ready', async () => {
    expect(recorded.refused).toEqual([]);
    for (const { readiness } of recorded.worlds) expect(await readiness.report()).toEqual({ ready: true, reasons: {} });
  });

  it('allows all that is said to be needed, and doctor finds nothing missing', async () => {
    for (const { config } of recorded.worlds)
      for (const right of neededPermissions(config, ['actuator']))
        expect(shipped.allows(userOf('actuator'), right), describePermission(right)).toBe(true);
    expect(await recorded.examined(shipped)).toEqual([]);
  });

  it('is no more than is asked for, and doctor names each that is taken away', async () => {
    for (const [index, right] of rights.entries()) {
      const rest = without(manifest, rights, index, beside);
      const title = titleOf(right);
      expect(
        recorded.asked.some((request) => !rest.allows(userOf('actuator'), request)),
        title,
      ).toBe(true);
      const { apiGroups, resources, verbs } = right.rule;
      const subject = new RegExp(`^${verbs[0]} ${resources[0]}\\.?${apiGroups[0]}( |$)`);
      const found = await recorded.examined(rest);
      expect(found, title).not.toEqual([]);
      for (const one of found) expect(one, title).toMatch(subject);
    }
  });
});

/** Both ways of holding room, and the change from one to the other. */
async function liveByBuffers(recorded: Recorded): Promise<void> {
  for (const customResources of [{}, { capacitybuffers: ['v1beta1'] }]) {
    const steered = await SteeredWorld.create(
      '{ kind: buffer }',
      { ...recorded.options, customResources },
      recorded.spec,
    );
    recorded.worlds.push(steered.world);
    if ('capacitybuffers' in customResources) leaveDeployment(steered.world);
    await steered.minutes(24);
    expect(steered.readyNodes).toBe(10);
  }
}

/** As it was before the cluster had CapacityBuffers. */
function leaveDeployment({ cluster }: World): void {
  const labels = { 'app.kubernetes.io/managed-by': 'forescale', 'forescale.dev/placeholder': 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'placeholder', image: 'x' }] } };
  const spec = { replicas: 0, selector: { matchLabels: labels }, template };
  const path = '/apis/apps/v1/namespaces/forescale/deployments';
  cluster.request('POST', path, { metadata: { name: 'forescale-web', labels }, spec });
}

/** A MachineDeployment and a MachinePool, up and down. */
async function liveByClusterApi(recorded: Recorded): Promise<void> {
  const versions = ['v1beta2'];
  const customResources = { machines: versions, machinedeployments: versions, machinepools: versions };
  const group = (zone: string) => `instance_type: small, zone: ${zone}`;
  const provider = `{ kind: clusterapi, groups: [{ name: md, ${group('a')} }, { name: mp, kind: machine_pool, ${group('b')} }] }`;
  const world = await World.create(
    (minute) => (minute >= 10 && minute < 40 ? 40 : hill(0)),
    { ...recorded.options, customResources },
    { ...recorded.spec, provider: () => provider },
  );
  recorded.worlds.push(world);
  const root = '/apis/cluster.x-k8s.io/v1beta2/namespaces/default';
  for (const [kind, name, failureDomain, max] of [
    ['machinedeployments', 'md', 'a', '6'],
    ['machinepools', 'mp', 'b', '20'],
  ] as const) {
    const labels = { 'forescale.dev/pool': 'web' };
    const template = { metadata: { labels }, spec: { infrastructureRef: { name: 'small' }, failureDomain } };
    const annotations = { 'cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size': max };
    const body = { metadata: { name, annotations }, spec: { clusterName: 'c', replicas: 0, template } };
    expect(world.cluster.request('POST', `${root}/${kind}`, body).status).toBe(201);
  }
  await world.minutes(30);
  expect((await world.names()).nodes).toHaveLength(10);
  expect(world.cluster.summary().pods).toMatchObject({ running: 40, pending: 0 });
  await world.minutes(60);
  const { nodes, machines } = await world.names();
  expect(nodes).toEqual(machines);
  expect(nodes.length).toBeLessThanOrEqual(4);
}
