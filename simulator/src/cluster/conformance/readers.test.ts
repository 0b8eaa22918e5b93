import type { ClusterState } from '@forescale/shared/domain';
import { type ClusterReader, createClusterReader, createWatchingReader } from '@forescale/shared/kubernetes';
import { silentLog } from '@forescale/shared/telemetry';
import { seededRandom, systemClock } from '@forescale/shared/time';
import { type KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownLabels } from './own.ts';
import { openTarget, podBody, type Target } from './target.ts';

const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

const READERS: readonly (readonly [string, (kube: KubeConfig) => ClusterReader & { close?(): void }])[] = [
  ['lists', (kube) => createClusterReader(kube)],
  [
    'watches',
    // On pages of one object everything is watched.
    (kube) =>
      createWatchingReader(kube, { clock: systemClock, random: seededRandom(1), log: silentLog(), pageSize: 1 }),
  ],
  [
    'lists what fits on a page, and watches the rest',
    (kube) => createWatchingReader(kube, { clock: systemClock, random: seededRandom(1), log: silentLog() }),
  ],
];

describe.each(READERS)('a reader that %s', (_how, open) => {
  let target: Target;
  let reader: ReturnType<typeof open>;
  beforeAll(async () => {
    target = await openTarget();
    reader = open(target.kube);
    await target.core.createNamespacedPod({ namespace: target.namespace, body: podBody('first') });
    await target.core.createNamespacedPod({ namespace: target.namespace, body: podBody('second') });
  });
  afterAll(async () => {
    reader.close?.();
    await target.close();
  });

  const ownPods = (pods: ClusterState['pods']) => pods.filter((pod) => pod.namespace === target.namespace);
  const podsNow = async () => ownPods((await reader.read(0)).pods);
  const create = (name: string) =>
    target.core.createNamespacedPod({ namespace: target.namespace, body: podBody(name) });
  const remove = (name: string) =>
    target.core.deleteNamespacedPod({ name, namespace: target.namespace, gracePeriodSeconds: 0 });
  const label = (name: string, labels: Record<string, string>) =>
    target.core.patchNamespacedPod({ name, namespace: target.namespace, body: { metadata: { labels } } }, merge);

  it('shows what was written before it was asked, every time', async () => {
    for (let round = 0; round < 5; round++) {
      await create('third');
      expect((await podsNow()).map((pod) => pod.name)).toEqual(['first', 'second', 'third']);
      await label('third', { round: String(round) });
      expect((await podsNow()).at(-1)?.labels).toEqual({ round: String(round) });
      await remove('third');
      await target.until('it is gone', async () => (await podsNow()).length === 2);
    }
  });

  it('takes a pod of the same name for another one', async () => {
    await create('again');
    const before = (await podsNow()).find((pod) => pod.name === 'again')?.uid;
    await remove('again');
    await target.until('it is gone', async () => (await podsNow()).every((pod) => pod.name !== 'again'));
    await create('again');
    const after = (await podsNow()).find((pod) => pod.name === 'again')?.uid;
    expect([typeof after, after === before]).toEqual(['string', false]);
  });

  it('shows every one of reads at once what was there before it', async () => {
    const names = ['one', 'three', 'two'];
    const seen = await Promise.all(
      names.map(async (name) => {
        await create(`at-once-${name}`);
        return (await podsNow()).some((pod) => pod.name === `at-once-${name}`);
      }),
    );
    expect(seen).toEqual([true, true, true]);
  });

  it('shows nodes as they were changed, and no more when they are deleted', async () => {
    const name = `${target.namespace}-node`;
    await target.core.createNode({ body: { metadata: { name, labels: ownLabels() } } });
    const found = async () => (await reader.read(0)).nodes.find((node) => node.name === name);
    expect(await found()).toMatchObject({ unschedulable: false });
    await target.core.patchNode({ name, body: { spec: { unschedulable: true } } }, merge);
    expect(await found()).toMatchObject({ unschedulable: true });
    await target.core.deleteNode({ name });
    expect(await found()).toBeUndefined();
  });

  it('gives the picture, in the order, of any other reader', async () => {
    const [mine, lists] = await Promise.all([reader.read(7), createClusterReader(target.kube).read(7)]);
    if (target.simulated !== null) return expect(mine).toEqual(lists);
    // A real cluster does not stand still in between.
    const uids = ({ pods }: ClusterState) => ownPods(pods).map(({ uid }) => uid);
    expect(uids(mine)).toEqual(uids(lists));
  });

  it('knows the cluster by its id', async () => {
    expect(await reader.clusterId()).toBe(await createClusterReader(target.kube).clusterId());
  });
});
