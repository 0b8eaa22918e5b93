import { openProvider } from '@forescale/actuator/providers';
import { parseConfig, type SingleProviderConfig } from '@forescale/shared/config';
import type { ClusterNode } from '@forescale/shared/domain';
import { systemClock } from '@forescale/shared/time';
import { expect, it } from 'vitest';
import { checkWriters } from './cluster.ts';

const NODE: ClusterNode = {
  name: 'aks-web-1',
  uid: 'u-1',
  providerId: '',
  createdMs: 0,
  ready: true,
  readyChangedMs: 0,
  notReadyBecause: '',
  unschedulable: false,
  labels: { role: 'web', 'kubernetes.azure.com/agentpool': 'web' },
  annotations: {},
  taints: [],
  allocatable: { cpuMillicores: 4_000, memoryBytes: 2 ** 34, pods: 110, gpus: 0 },
};
const PATIENCE = { clock: systemClock, timeoutMs: 60_000 };
const open = (one: SingleProviderConfig) => openProvider(one, { clock: systemClock, kube: null });

const ACCOUNT =
  'kind: azure, subscription_id: 0a1b2c3d-0000-4000-8000-00000000000a, resource_group: nodes, token_file: /t';
const GROUPS = `{${ACCOUNT}, aks: {cluster: prod, agent_pools: [{name: web, instance_type: Standard_D4s_v5}]}}`;
const SIMULATED = '{kind: simulated, url: "http://127.0.0.1:1"}';
const OFFERING = 'instance_type: Standard_D4s_v5, region: westeurope, zone: westeurope-1, usd_per_hour: 0.2';

async function findingOf(provider: string, offerings: string, opened: typeof open = open) {
  const pool = `{name: web, selector: {role: web}, provider: ${provider}, offerings: [${offerings}]}`;
  const { pools } = parseConfig(`autoscaler: {pools: [${pool}]}`, 'test', {});
  const reader = { read: async (atMs: number) => ({ atMs, nodes: [NODE], pods: [] }) };
  const facts = { clusterAutoscaler: null, deployments: [], nodePools: [], unread: [] };
  const [finding] = await checkWriters(
    { reader, surroundings: { autoscalers: async () => facts }, openProvider: opened },
    pools,
    PATIENCE,
  );
  return finding;
}

const OWNED = {
  state: 'warn',
  detail: 'an AKS node pool (node aks-web-1 has label kubernetes.azure.com/agentpool=web): the pool only observes',
};

it('a pool that resizes the group itself has nobody beside it', async () => {
  expect(await findingOf(GROUPS, `{${OFFERING}}`)).toMatchObject({ state: 'ok', detail: 'nobody else; 1 node(s)' });
});

it('a pool that makes machines, all or some of them, stands beside the owner of the group', async () => {
  expect(await findingOf(SIMULATED, `{${OFFERING}}`)).toMatchObject(OWNED);
  const mixed = `{kind: mixed, providers: {aks: ${GROUPS}, own: ${SIMULATED}}}`;
  expect(await findingOf(mixed, `{provider: aks, ${OFFERING}}, {provider: own, ${OFFERING}}`)).toMatchObject(OWNED);
  expect(await findingOf(mixed, `{provider: aks, ${OFFERING}}`)).toMatchObject({ state: 'ok' });
});

it('of a provider that cannot be opened nothing is known', async () => {
  const missing = () => Promise.reject(new Error('needs a package'));
  expect(await findingOf(GROUPS, `{${OFFERING}}`, missing)).toMatchObject(OWNED);
});
