import { makeInformer, PatchStrategy, setHeaderOptions, type V1ConfigMap, Watch } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTarget, type Target } from './target.ts';

const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

function path(): string {
  return `/api/v1/namespaces/${target.namespace}/configmaps`;
}

function createMap(name: string, labels: Record<string, string>) {
  return target.core.createNamespacedConfigMap({
    namespace: target.namespace,
    body: { metadata: { name, labels } },
  });
}

function labelMap(name: string, labels: Record<string, string | null>) {
  const { namespace } = target;
  return target.core.patchNamespacedConfigMap({ name, namespace, body: { metadata: { labels } } }, merge);
}

/** Starts a watch; gives what it saw so far as `TYPE name`, and how it ended, if it has. */
async function watching(query: Record<string, string | number | boolean>) {
  const seen: string[] = [];
  const ended: unknown[] = [];
  const controller = await new Watch(target.kube).watch(
    path(),
    query,
    (type: string, object: V1ConfigMap) => seen.push(`${type} ${object.metadata?.name ?? ''}`),
    (error) => ended.push(error),
  );
  return { seen, ended, stop: () => controller.abort() };
}

async function newestVersion(): Promise<string> {
  const list = await target.core.listNamespacedConfigMap({ namespace: target.namespace });
  return list.metadata?.resourceVersion ?? '';
}

describe('watches', () => {
  it('tell everything that changed since the version they begin at', async () => {
    const labelSelector = 'test=since';
    await createMap('old', { test: 'since' });
    const resourceVersion = await newestVersion();
    await createMap('since-a', { test: 'since' });
    const watch = await watching({ resourceVersion, labelSelector });
    await labelMap('since-a', { more: 'yes' });
    await target.core.deleteNamespacedConfigMap({ name: 'since-a', namespace: target.namespace });
    await target.until('all was seen', () => watch.seen.length >= 3);
    expect(watch.seen).toEqual(['ADDED since-a', 'MODIFIED since-a', 'DELETED since-a']);
    watch.stop();
  });

  it('begin with what is there when they name no version', async () => {
    await createMap('there-1', { test: 'there' });
    await createMap('there-2', { test: 'there' });
    const watch = await watching({ labelSelector: 'test=there' });
    await target.until('both were seen', () => watch.seen.length >= 2);
    expect(watch.seen.sort()).toEqual(['ADDED there-1', 'ADDED there-2']);
    watch.stop();
  });

  it('show an object that begins or ceases to match as added or deleted', async () => {
    const watch = await watching({ resourceVersion: await newestVersion(), labelSelector: 'color=red' });
    await createMap('chameleon', { color: 'blue' });
    await labelMap('chameleon', { color: 'red' });
    await labelMap('chameleon', { shade: 'dark' });
    await labelMap('chameleon', { color: 'blue' });
    await target.until('all was seen', () => watch.seen.length >= 3);
    expect(watch.seen).toEqual(['ADDED chameleon', 'MODIFIED chameleon', 'DELETED chameleon']);
    watch.stop();
  });

  it('end cleanly when their time is over', async () => {
    const watch = await watching({ resourceVersion: await newestVersion(), timeoutSeconds: 1 });
    await target.until('it has ended', () => watch.ended.length > 0);
    expect(watch.ended).toEqual([null]);
  });
});

describe('informers', () => {
  it('keep an exact copy over reconnections', async () => {
    const labelSelector = 'test=informer';
    const { namespace } = target;
    const list = () => target.core.listNamespacedConfigMap({ namespace, labelSelector });
    const informer = makeInformer<V1ConfigMap>(target.kube, path(), list, labelSelector);
    const copy = new Map<string, string>();
    const put = ({ metadata }: V1ConfigMap) => copy.set(metadata?.name ?? '', metadata?.resourceVersion ?? '');
    informer.on('add', put);
    informer.on('update', put);
    informer.on('delete', ({ metadata }: V1ConfigMap) => copy.delete(metadata?.name ?? ''));
    informer.on('error', () => undefined);
    await createMap('copied-1', { test: 'informer' });
    await informer.start();
    await createMap('copied-2', { test: 'informer' });
    await labelMap('copied-1', { more: 'yes' });
    await target.core.deleteNamespacedConfigMap({ name: 'copied-2', namespace });
    await createMap('copied-3', { test: 'informer' });
    const expected = (await list()).items.map(({ metadata }) => [metadata?.name, metadata?.resourceVersion]);
    await target.until('the copy is exact', () => JSON.stringify([...copy].sort()) === JSON.stringify(expected));
    await informer.stop();
  });
});
