import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLACEHOLDER_LABEL } from '@forescale/shared/domain';
import { createLease, LEASE_NAME } from '@forescale/shared/kubernetes';
import {
  createSimulatedCluster,
  type RunningServer,
  rbacAuthorizer,
  type SimulatedCluster,
} from '@forescale/simulator/cluster';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Manifest } from '../../tools/workloads.ts';
import { ran } from '../cli/captured.ts';
import { render } from './rendered.ts';

const START_MS = Date.UTC(2026, 2, 2);
const USER = 'system:serviceaccount:forescale:forescale-release';
const GROUPS = ['system:serviceaccounts', 'system:serviceaccounts:forescale', 'system:authenticated'];
const RBAC = { apiVersion: 'rbac.authorization.k8s.io/v1' };
const ADMINISTRATORS = [
  {
    ...RBAC,
    kind: 'ClusterRole',
    metadata: { name: 'admin' },
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
  },
  {
    ...{ ...RBAC, kind: 'ClusterRoleBinding', metadata: { name: 'admin' } },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
    subjects: [{ kind: 'Group', name: 'system:masters' }],
  },
];
const OBJECTS = {
  capacitybuffers: '/apis/autoscaling.x-k8s.io/v1beta1/namespaces/forescale/capacitybuffers',
  podtemplates: '/api/v1/namespaces/forescale/podtemplates',
  deployments: '/apis/apps/v1/namespaces/forescale/deployments',
} as const;

let directory: string;
let cluster: SimulatedCluster;
let server: RunningServer;
let job: readonly string[];

/** What the chart leaves to be done after an uninstall, run as its job is: with its configuration, and its rights. */
async function prepare(): Promise<void> {
  directory = await mkdtemp(join(tmpdir(), 'forescale-release-'));
  const kubeconfig = join(directory, 'kubeconfig');
  const manifests = render({
    buffer: { enabled: true },
    config: { kubernetes: { kubeconfig }, pools: [{ name: 'web', provider: 'buffer', mode: 'enforce' }] },
  }).filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] === 'post-delete');
  cluster = createSimulatedCluster({
    ...{ seed: 1, startMs: START_MS, offerings: [], namespaces: ['forescale'] },
    customResources: { capacitybuffers: ['v1beta1'] },
    users: new Map([['release', { name: USER, groups: GROUPS }]]),
    authorizer: rbacAuthorizer([...manifests, ...ADMINISTRATORS]),
  });
  server = await cluster.listen();
  const kube = new KubeConfig();
  kube.loadFromClusterAndUser(
    { name: 'sim', server: server.url, skipTLSVerify: true },
    { name: 'release', token: 'release' },
  );
  await writeFile(kubeconfig, kube.exportConfig());
  const config = manifests.find(({ kind }) => kind === 'ConfigMap')?.data?.['config.yaml'] as string;
  await writeFile(join(directory, 'config.yaml'), config);
  job = argsOf(manifests).map((one) => one.replace('/etc/forescale/config', directory));
}

function argsOf(manifests: readonly Manifest[]): readonly string[] {
  const { spec } = manifests.find(({ kind }) => kind === 'Job') as unknown as {
    readonly spec: {
      readonly template: { readonly spec: { readonly containers: readonly [{ readonly args: string[] }] } };
    };
  };
  return spec.template.spec.containers[0].args;
}

beforeEach(prepare);
afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

function put(kind: keyof typeof OBJECTS, name: string): void {
  const labels = { 'app.kubernetes.io/managed-by': 'forescale', [PLACEHOLDER_LABEL]: name.replace('forescale-', '') };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'x', image: 'x' }] } };
  const deployment = { replicas: 3, selector: { matchLabels: labels }, template };
  const body = {
    capacitybuffers: { spec: { replicas: 3, podTemplateRef: { name } } },
    podtemplates: { template },
    deployments: { spec: deployment },
  }[kind];
  const { status, body: answer } = cluster.request('POST', OBJECTS[kind], { metadata: { name, labels }, ...body });
  expect(status, answer).toBe(201);
}

/** As the actuator leaves it: with its name while it leads, and with none once it has stopped. */
async function leave(holder: string): Promise<void> {
  const kube = new KubeConfig();
  kube.loadFromFile(join(directory, 'kubeconfig'));
  const moment = '2026-03-02T00:00:00.000000Z';
  const lease = { holder, durationMs: 15_000, transitions: 1, acquired: moment, renewed: moment };
  await createLease(kube, 'forescale', LEASE_NAME).write(lease, null);
}

const there = () =>
  (['capacitybuffers', 'podtemplates', 'deployments'] as const).flatMap((kind) =>
    [...cluster.objects(kind)].map(({ metadata }) => `${kind}/${metadata.name}`),
  );

it('what held room for the pool is gone after it, and nothing else', async () => {
  for (const kind of ['capacitybuffers', 'podtemplates', 'deployments'] as const) put(kind, 'forescale-web');
  put('deployments', 'forescale-other');
  expect(there()).toHaveLength(4);
  await leave('');
  expect(await ran(...job)).toEqual({ code: 0, stdout: 'pool web: no room is held any more\n', stderr: '' });
  expect(there()).toEqual(['deployments/forescale-other']);
  expect(await ran(...job)).toMatchObject({ code: 0 });
});

it('nothing is touched while an actuator leads', async () => {
  put('deployments', 'forescale-web');
  await leave('node-1_a');
  const { code, stdout, stderr } = await ran(...job.slice(0, -1), '1');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(
    'forescale: node-1_a leads: nothing is released while an actuator may hold it anew; stop the actuators first\n',
  );
  expect(there()).toEqual(['deployments/forescale-web']);
});

it('a wait that is none is refused by its name, and a cluster that refuses is named', async () => {
  expect(await ran(...job.slice(0, -1), 'long')).toEqual({
    ...{ code: 2, stdout: '' },
    stderr: 'forescale: --wait = "long"; allowed: a number from 1 to 3600\n',
  });
  put('deployments', 'forescale-web');
  await leave('');
  cluster.faults.add({ methods: ['DELETE'], path: /deployments/, action: { kind: 'respond', status: 503 } });
  const { code, stderr } = await ran(...job);
  expect(code).toBe(1);
  expect(stderr).toContain('503');
});
