import { join } from 'node:path';
import { POOL_LABEL } from '@forescale/shared/config';
import { rbacAuthorizer } from '@forescale/simulator/cluster';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { USERS } from '../actuation/rights.ts';
import { createLoadedCluster } from '../harness/loaded-cluster.ts';
import type { ForescaleProcess } from '../harness/process.ts';
import { startRealServers } from '../harness/real-servers.ts';
import { eventually } from '../harness/waiting.ts';
import { startPod } from './installed-pod.ts';
import { render } from './rendered.ts';

type Pod = ForescaleProcess & { readonly url: string };

const TOKEN = 'of-the-secret';
const STEP_EVERY_MS = 50;
/** A lease that nobody has held is waited for. */
const WITHIN_MS = 60_000;

const closing: (() => Promise<unknown> | unknown)[] = [];
const refused: string[] = [];
let cluster: ReturnType<typeof createLoadedCluster>;
let actuators: Pod[];

/** The chart as it is, but for where its servers are, and one predictor: two actuators of one Deployment, with its rights. */
beforeAll(async () => {
  const { nats, influx, directory } = await startRealServers(closing as (() => Promise<unknown>)[]);
  const nowMs = Date.now();
  const manifests = (clusterUrl: string) =>
    render({
      enforce: true,
      config: {
        clock: { tick: '1s' },
        store: { url: influx.url },
        bus: { url: nats.url },
        kubernetes: { kubeconfig: '/etc/forescale/secrets/kubeconfig' },
        pools: [
          {
            ...{ name: 'web', mode: 'enforce', provider: { kind: 'simulated', url: clusterUrl } },
            ...{ bounds: { min_nodes: 2, max_nodes: 40 }, lead_time: '3s' },
            template: { labels: { role: 'web' }, allocatable: { cpu: '4', memory: '8Gi', pods: 58 } },
            offerings: [{ instance_type: 'small', zone: 'a', usd_per_hour: 0.1 }],
          },
        ],
      },
    });
  const authorizer = rbacAuthorizer(manifests('http://127.0.0.1:1'));
  cluster = createLoadedCluster({
    ...{ startMs: nowMs, endMs: nowMs, bootMs: 2_000, initialNodes: 2, load: () => 450 },
    options: {
      users: USERS,
      authorizer: {
        allows(user, access) {
          const isAllowed = authorizer.allows(user, access);
          if (!isAllowed) refused.push(`${user.name}: ${access.verb} ${access.resource}`);
          return isAllowed;
        },
      },
    },
  });
  const server = await cluster.listen();
  const stepping = setInterval(() => cluster.step(Date.now()), STEP_EVERY_MS);
  closing.push(
    () => server.close(),
    () => clearInterval(stepping),
  );
  const installed = manifests(server.url);
  const start = async (service: 'collector' | 'actuator', replica: number) => {
    const kinds = ['StatefulSet', 'Deployment'];
    const manifest = installed.find(
      ({ kind, metadata }) => kinds.includes(kind) && metadata.name === `forescale-${service}`,
    );
    if (manifest === undefined) throw new Error(`the chart has no ${service}`);
    const secrets = { 'http-token': TOKEN, 'nats-token': TOKEN, 'influxdb-password': TOKEN };
    const kubeconfig = kubeconfigOf(server.url, service);
    const root = join(directory.path, `${service}-${replica}`);
    const pod = await startPod(manifest, installed, root, { ...secrets, kubeconfig });
    closing.push(() => pod.interrupt());
    return pod;
  };
  const deployment = installed.find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name.endsWith('actuator'),
  );
  expect(deployment?.spec).toMatchObject({ replicas: 2 });
  actuators = await Promise.all([start('actuator', 0), start('actuator', 1)]);
  await start('collector', 0);
}, 120_000);

afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

function kubeconfigOf(server: string, token: string): string {
  const kube = new KubeConfig();
  kube.loadFromClusterAndUser({ name: 'sim', server, skipTLSVerify: true }, { name: token, token });
  return kube.exportConfig();
}

async function roleOf(pod: Pod): Promise<string | null> {
  const response = await fetch(`${pod.url}/readyz`).catch(() => null);
  return response === null ? null : (((await response.json()) as { role?: string }).role ?? null);
}

const machines = () => cluster.cloud.list().map(({ id }): string | undefined => id);
const nodes = () =>
  [...cluster.objects('nodes')].filter(({ metadata }) => metadata.labels?.[POOL_LABEL] === 'web').length;

it('two actuators of the chart, with its rights and no others: one leads and scales; killed, the other goes on', async () => {
  const leading = await eventually('one leads', WITHIN_MS, async () => {
    const roles = await Promise.all(actuators.map(roleOf));
    return roles.toSorted().join() === 'follower,leader' ? actuators[roles.indexOf('leader')] : null;
  });
  await eventually('nodes for all pods', WITHIN_MS, () => nodes() >= 5);
  await leading.crash();
  const other = actuators.find((one) => one !== leading) as Pod;
  await eventually('the other one leads', WITHIN_MS, async () => (await roleOf(other)) === 'leader');
  const [lost] = cluster.cloud.list();
  cluster.cloud.terminate(lost?.id ?? '');
  await eventually(
    'what was lost is replaced',
    WITHIN_MS,
    () => machines().length >= 5 && !machines().includes(lost?.id),
  );
  expect(refused).toEqual([]);
}, 240_000);
