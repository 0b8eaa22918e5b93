import { PatchStrategy, setHeaderOptions, type V1Deployment, type V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTarget, podBody, refusalOf, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

function deployment(name: string, replicas: number): V1Deployment {
  const labels = { app: name };
  return {
    metadata: { name },
    spec: { replicas, selector: { matchLabels: labels }, template: { ...podBody(''), metadata: { labels } } },
  } as V1Deployment;
}

async function podsOf(app: string): Promise<V1Pod[]> {
  const { items } = await target.core.listNamespacedPod({ namespace: target.namespace, labelSelector: `app=${app}` });
  return items;
}

function isReady(pod: V1Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

async function deploy(name: string, replicas: number): Promise<V1Pod[]> {
  await target.apps.createNamespacedDeployment({ namespace: target.namespace, body: deployment(name, replicas) });
  return allReady(name, replicas);
}

function allReady(name: string, count: number): Promise<V1Pod[]> {
  return target.until(`${count} pods of ${name} are ready`, async () => {
    const pods = (await podsOf(name)).filter((pod) => pod.metadata?.deletionTimestamp === undefined);
    return pods.length === count && pods.every(isReady) && pods;
  });
}

function evict(name: string) {
  const { namespace } = target;
  return target.core.createNamespacedPodEviction({ name, namespace, body: { metadata: { name, namespace } } });
}

describe('deployments', () => {
  it('run their pods, through a ReplicaSet', async () => {
    const [pod] = await deploy('runs', 2);
    expect(pod?.metadata?.ownerReferences?.[0]).toMatchObject({ kind: 'ReplicaSet', controller: true });
    expect(pod?.status?.phase).toBe('Running');
    expect(pod?.spec?.nodeName).toBeTruthy();
  });

  it('follow their scale, up and down', async () => {
    await deploy('scaled', 1);
    const at = { name: 'scaled', namespace: target.namespace };
    const scale = await target.apps.readNamespacedDeploymentScale(at);
    expect(scale.spec?.replicas).toBe(1);
    const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    await target.apps.patchNamespacedDeploymentScale({ ...at, body: { spec: { replicas: 3 } } }, merge);
    await allReady('scaled', 3);
    const stale = target.apps.replaceNamespacedDeploymentScale({ ...at, body: { ...scale, spec: { replicas: 5 } } });
    expect(await refusalOf(stale)).toMatchObject({ code: 409 });
    await target.apps.patchNamespacedDeploymentScale({ ...at, body: { spec: { replicas: 0 } } }, merge);
    await target.until('no pod is left', async () => (await podsOf('scaled')).length === 0);
  });

  it('replace a pod that is deleted', async () => {
    const [pod] = await deploy('replaced', 1);
    const name = pod?.metadata?.name ?? '';
    await target.core.deleteNamespacedPod({ name, namespace: target.namespace });
    const [next] = await target.until('another pod is ready', async () => {
      const others = (await podsOf('replaced')).filter((other) => other.metadata?.name !== name);
      return others.some(isReady) && others;
    });
    expect(next?.metadata?.uid).not.toBe(pod?.metadata?.uid);
  });

  it('take their pods with them', async () => {
    await deploy('leaves', 2);
    await target.apps.deleteNamespacedDeployment({ name: 'leaves', namespace: target.namespace });
    await target.until('no pod is left', async () => (await podsOf('leaves')).length === 0);
  });

  it('refuse a selector that does not cover their own pods', async () => {
    const body = deployment('other', 1);
    if (body.spec) body.spec.selector = { matchLabels: { app: 'another' } };
    const create = target.apps.createNamespacedDeployment({ namespace: target.namespace, body });
    expect(await refusalOf(create)).toMatchObject({ code: 422, reason: 'Invalid' });
  });
});

describe('evictions', () => {
  it('pass where no budget is in the way, and the pod goes', async () => {
    const [pod] = await deploy('free', 1);
    const name = pod?.metadata?.name ?? '';
    await evict(name);
    await target.until('the pod is gone', async () => !(await podsOf('free')).some((p) => p.metadata?.name === name));
  });

  it('are held back by a budget with 429, until its pods are ready again', async () => {
    const { namespace } = target;
    const pods = await deploy('guarded', 3);
    const spec = { selector: { matchLabels: { app: 'guarded' } }, maxUnavailable: 1 };
    await target.policy.createNamespacedPodDisruptionBudget({ namespace, body: { metadata: { name: 'guard' }, spec } });
    const budget = await target.until('the budget is counted', async () => {
      const read = await target.policy.readNamespacedPodDisruptionBudget({ name: 'guard', namespace });
      return read.status?.disruptionsAllowed === 1 && read;
    });
    expect(budget.status).toMatchObject({ expectedPods: 3, currentHealthy: 3, desiredHealthy: 2 });
    const [first = '', second = ''] = pods.map((pod) => pod.metadata?.name ?? '');
    await evict(first);
    expect(await refusalOf(evict(second))).toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
    });
    await target.until('the second may go', () =>
      evict(second).then(
        () => true,
        () => false,
      ),
    );
  });

  it('answer 404 for a pod that is gone', async () => {
    expect(await refusalOf(evict('missing'))).toMatchObject({ code: 404 });
  });
});

describe('pods', () => {
  it('that fit nowhere say so', async () => {
    const { namespace } = target;
    await target.core.createNamespacedPod({ namespace, body: podBody('huge', {}, '900') });
    const pod = await target.until('the scheduler has looked', async () => {
      const read = await target.core.readNamespacedPod({ name: 'huge', namespace });
      return read.status?.conditions?.some(({ type }) => type === 'PodScheduled') && read;
    });
    const condition = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    expect(condition).toMatchObject({ status: 'False', reason: 'Unschedulable' });
    expect(pod.status?.phase).toBe('Pending');
  });

  it('wait for their grace period, and no longer than asked', async () => {
    const { namespace } = target;
    const body = podBody('graceful');
    if (body.spec) body.spec.terminationGracePeriodSeconds = 3600;
    await target.core.createNamespacedPod({ namespace, body });
    const read = () => target.core.readNamespacedPod({ name: 'graceful', namespace });
    await target.until('it runs', async () => isReady(await read()));
    await target.core.deleteNamespacedPod({ name: 'graceful', namespace });
    expect((await read()).metadata?.deletionGracePeriodSeconds).toBe(3600);
    await target.core.deleteNamespacedPod({ name: 'graceful', namespace, gracePeriodSeconds: 0 });
    expect(await refusalOf(read())).toMatchObject({ code: 404 });
  });
});
