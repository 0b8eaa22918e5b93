import { parseConfig } from '@forescale/shared/config';
import { connectKubernetes } from '@forescale/shared/kubernetes';
import { createSimulatedCluster, rbacAuthorizer } from '@forescale/simulator/cluster';
import { afterEach, describe, expect, it } from 'vitest';
import { dryRun as dryRunBuffer } from '../../services/actuator/src/providers/buffer/dry-run.ts';
import { dryRun as dryRunClusterApi } from '../../services/actuator/src/providers/clusterapi/dry-run.ts';
import { openClusterApi } from './clusterapi/endpoint.ts';

const BUFFER = bufferConfig();

function bufferConfig() {
  const text = JSON.stringify({ autoscaler: { pools: [{ provider: { kind: 'buffer' } }] } });
  const provider = parseConfig(text, 'test', {}).pools[0]?.provider;
  if (provider?.kind !== 'buffer') throw new Error('another provider');
  return provider;
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(options: Partial<Parameters<typeof createSimulatedCluster>[0]>) {
  const namespaces = ['forescale'];
  const cluster = createSimulatedCluster({ seed: 1, startMs: 0, offerings: [], namespaces, ...options });
  const server = await cluster.listen();
  closing.push(() => server.close());
  return { cluster, kube: connectKubernetes({ kubeconfig: null, context: null, url: server.url }) };
}

describe('dry runs', () => {
  it.each([
    ['pods', {}, ['creating a PriorityClass', 'creating a Deployment']],
    [
      'CapacityBuffers',
      { customResources: { capacitybuffers: ['v1'] } },
      ['creating a PodTemplate', 'creating a CapacityBuffer (v1)'],
    ],
  ])('of a buffer by %s makes nothing', async (_name, options, operations) => {
    const { cluster, kube } = await serve(options);
    const steps = await dryRunBuffer(BUFFER, kube);
    expect(steps).toEqual(operations.map((operation) => ({ operation, outcome: 'ok' })));
    for (const kind of ['deployments', 'priorityclasses', 'podtemplates', 'capacitybuffers'] as const)
      expect([...cluster.objects(kind)]).toEqual([]);
  });

  it('of a buffer says which right is missing', async () => {
    const { kube } = await serve({ authorizer: rbacAuthorizer([]) });
    const [first] = await dryRunBuffer(BUFFER, kube);
    expect(first?.outcome).toMatch(/^fails: .*priorityclasses.* is forbidden/);
  });

  it('of Cluster API asks for rights and sizes, and changes none', async () => {
    const target = await openClusterApi([
      { name: 'md-0', instance_type: 'small' },
      { name: 'md-1', instance_type: 'large' },
    ]);
    closing.push(target.close);
    if (target.config.kind !== 'clusterapi') throw new Error('another provider');
    const kube = connectKubernetes({ kubeconfig: null, context: null, url: target.url });
    const outcomes = new Map((await dryRunClusterApi(target.config, kube)).map((one) => [one.operation, one.outcome]));
    expect(outcomes.get('patch machinedeployments/scale.cluster.x-k8s.io md-0 in default')).toBe('ok');
    expect(outcomes.get('resizing md-0 to what it is')).toBe('ok: 0 wanted, 0 Machines, at least 0, no maximum');
    expect(outcomes.get('resizing md-1 to what it is')).toMatch(/^fails: .*there is no such group/);
    expect(target.endpoint.replicas).toBe(0);
  });
});
