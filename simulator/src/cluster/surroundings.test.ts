import { createSurroundings } from '@forescale/shared/kubernetes';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AccessRequest } from './api/authorizer.ts';
import { kubeConfigOf } from './conformance/target.ts';
import { Lab } from './lab.ts';

const STATUS = '/api/v1/namespaces/kube-system/configmaps';

/** A cluster in which only what `allows` says may be read, and its surroundings as the actuator sees them. */
async function surrounded(allows: (request: AccessRequest) => boolean = () => true) {
  const lab = new Lab({ authorizer: { allows: (_user, request) => request.verb === 'create' || allows(request) } });
  const server = await lab.cluster.listen();
  onTestFinished(() => server.close());
  return { lab, server, surroundings: createSurroundings(kubeConfigOf(server.url)) };
}

function addDeployment(lab: Lab, name: string, replicas = 1, labels = {}): void {
  const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'main', image: 'x' }] } };
  const spec = { replicas, selector: { matchLabels: { app: 'x' } }, template };
  lab.post('/apis/apps/v1/namespaces/kube-system/deployments', { metadata: { name, labels }, spec });
}

function addNodePool(lab: Lab, name: string, labels: object, requirements: readonly object[] = []): void {
  const spec = { template: { metadata: { labels }, spec: { requirements } } };
  lab.post('/apis/karpenter.sh/v1/nodepools', JSON.parse(JSON.stringify({ metadata: { name }, spec })));
}

describe('surroundings: other autoscalers', () => {
  it('of an empty cluster: none', async () => {
    const { surroundings } = await surrounded();
    const nothing = { clusterAutoscaler: null, deployments: [], nodePools: [], unread: [] };
    expect(await surroundings.autoscalers()).toEqual(nothing);
  });

  it.each([
    ['cluster-autoscaler', 1, {}, 'cluster-autoscaler'],
    ['ca', 2, { app: 'cluster-autoscaler' }, 'cluster-autoscaler'],
    ['main', 1, { 'app.kubernetes.io/name': 'aws-cluster-autoscaler' }, 'cluster-autoscaler'],
    ['cluster-autoscaler-default', 1, {}, 'cluster-autoscaler'],
    ['main', 1, { 'app.kubernetes.io/name': 'karpenter' }, 'karpenter'],
    ['karpenter', 1, {}, 'karpenter'],
    ['cluster-autoscaler', 0, {}, null],
    ['main', 1, { 'k8s-app': 'clusterapi-cluster-autoscaler' }, 'cluster-autoscaler'],
    ['prod-aws-cluster-autoscaler', 1, {}, 'cluster-autoscaler'],
    ['cluster-proportional-autoscaler', 1, {}, null],
    // OpenShift runs it everywhere, whether there is an autoscaler or not.
    ['cluster-autoscaler-operator', 1, { 'k8s-app': 'cluster-autoscaler-operator' }, null],
    ['cluster-autoscaler-exporter', 1, { app: 'cluster-autoscaler-exporter' }, null],
    ['cluster-autoscaler-dashboard', 1, {}, null],
    ['grafana', 1, { app: 'dashboards-for-cluster-autoscaler' }, null],
    ['karpenter-dashboards', 1, {}, null],
  ])('Deployment %s with %i replicas, labels %j: %s', async (name, replicas, labels, kind) => {
    const { lab, surroundings } = await surrounded();
    addDeployment(lab, name, replicas, labels);
    const { deployments } = await surroundings.autoscalers();
    expect(deployments).toEqual(kind === null ? [] : [{ kind, namespace: 'kube-system', name }]);
  });

  it.each([
    ['2026-11-26 10:04:36.135914253 +0000 UTC', Date.UTC(2026, 10, 26, 10, 4, 36)],
    ['2026-11-26 11:04:36 +0100 CET', Date.UTC(2026, 10, 26, 10, 4, 36)],
    ['yesterday', null],
    [null, null],
  ])('a status of %s', async (text, updatedMs) => {
    const { lab, surroundings } = await surrounded();
    const annotations = text === null ? {} : { 'cluster-autoscaler.kubernetes.io/last-updated': text };
    lab.post(STATUS, { metadata: { name: 'cluster-autoscaler-status', annotations } });
    expect((await surroundings.autoscalers()).clusterAutoscaler).toEqual({ updatedMs });
  });

  it('NodePools with the labels that their nodes may have', async () => {
    const { lab, surroundings } = await surrounded();
    addNodePool(lab, 'web', { role: 'web' }, [
      { key: 'kubernetes.io/arch', operator: 'In', values: ['amd64', 'arm64'] },
      { key: 'karpenter.k8s.aws/instance-generation', operator: 'Gt', values: ['2'] },
    ]);
    expect((await surroundings.autoscalers()).nodePools).toEqual([
      {
        name: 'web',
        labels: { role: ['web'], 'kubernetes.io/arch': ['amd64', 'arm64'], 'karpenter.sh/nodepool': ['web'] },
      },
    ]);
  });

  it('names what may not be read, and reads the rest', async () => {
    const { lab, surroundings } = await surrounded(({ resource }) => resource === 'deployments');
    addDeployment(lab, 'cluster-autoscaler');
    const { deployments, unread } = await surroundings.autoscalers();
    expect(deployments).toHaveLength(1);
    const text = (what: string) => expect.stringMatching(`^${what}: .*HTTP 403, .* is forbidden`);
    expect(unread).toEqual([
      { part: 'clusterAutoscaler', text: text('the status of Cluster Autoscaler'), isRefused: true },
      { part: 'nodePools', text: text('NodePools of Karpenter'), isRefused: true },
    ]);
  });

  it('while the server is away each part may still come', async () => {
    const { server, surroundings } = await surrounded();
    await server.close();
    const { unread } = await surroundings.autoscalers();
    expect(unread.map(({ part, isRefused }) => `${part} ${isRefused}`).sort()).toEqual([
      'clusterAutoscaler false',
      'deployments false',
      'nodePools false',
    ]);
  });

  it('a part that fails for ever hides no other: the CRD of a Karpenter whose webhook is dead', async () => {
    const { lab, surroundings } = await surrounded();
    addDeployment(lab, 'cluster-autoscaler');
    lab.cluster.faults.add({ path: /karpenter/, action: { kind: 'respond', status: 500 } });
    const { deployments, unread } = await surroundings.autoscalers();
    expect(deployments).toHaveLength(1);
    expect(unread).toEqual([
      { part: 'nodePools', text: expect.stringMatching(/^NodePools of Karpenter: .*HTTP 500/), isRefused: false },
    ]);
  });
});

describe('surroundings: annotations', () => {
  it('are those of the ConfigMap, null without one, and refused where they may not be read', async () => {
    let allowed = true;
    const { lab, surroundings } = await surrounded(() => allowed);
    const read = () => surroundings.annotations('default', 'forescale-web');
    expect(await read()).toBeNull();
    lab.post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'forescale-web' } });
    expect(await read()).toEqual({});
    lab.patch('/api/v1/namespaces/default/configmaps/forescale-web', {
      metadata: { annotations: { 'forescale.dev/paused': 'true' } },
    });
    expect(await read()).toEqual({ 'forescale.dev/paused': 'true' });
    allowed = false;
    await expect(read()).rejects.toMatchObject({ name: 'KubernetesRefusedError', status: 403 });
  });
});
