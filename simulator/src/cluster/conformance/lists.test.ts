import type { V1ConfigMap } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTarget, podBody, refusalOf, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await openTarget();
  for (let i = 0; i < 7; i++) await createMap(`map-${i}`, { parity: i % 2 === 0 ? 'even' : 'odd' });
});
afterAll(() => target.close());

function createMap(name: string, labels: Record<string, string>) {
  return target.core.createNamespacedConfigMap({
    namespace: target.namespace,
    body: { metadata: { name, labels: { ...labels, listed: 'yes' } } },
  });
}

function names(items: readonly V1ConfigMap[]): (string | undefined)[] {
  return items.map((item) => item.metadata?.name);
}

describe('lists', () => {
  it('come in pages that show one state, whatever changes meanwhile', async () => {
    const list = (options: object) =>
      target.core.listNamespacedConfigMap({
        namespace: target.namespace,
        labelSelector: 'listed',
        limit: 3,
        ...options,
      });
    const first = await list({});
    expect(names(first.items)).toEqual(['map-0', 'map-1', 'map-2']);
    await createMap('map-35', {});
    await target.core.deleteNamespacedConfigMap({ name: 'map-4', namespace: target.namespace });
    const second = await list({ _continue: first.metadata?._continue });
    const third = await list({ _continue: second.metadata?._continue });
    expect(names([...second.items, ...third.items])).toEqual(['map-3', 'map-4', 'map-5', 'map-6']);
    expect(third.metadata?._continue ?? '').toBe('');
    expect(third.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
    await target.core.deleteNamespacedConfigMap({ name: 'map-35', namespace: target.namespace });
    await createMap('map-4', { parity: 'even' });
  });

  it.each([
    ['parity=even', ['map-0', 'map-2', 'map-4', 'map-6']],
    ['parity!=even,listed', ['map-1', 'map-3', 'map-5']],
    ['parity in (odd, other)', ['map-1', 'map-3', 'map-5']],
    ['parity notin (odd),listed', ['map-0', 'map-2', 'map-4', 'map-6']],
    ['!parity,listed', []],
  ])('keep to the label selector %s', async (labelSelector, expected) => {
    const list = await target.core.listNamespacedConfigMap({ namespace: target.namespace, labelSelector });
    expect(names(list.items)).toEqual(expected);
  });

  it('keep to field selectors, and refuse those on fields that cannot be selected', async () => {
    const { namespace } = target;
    const byName = await target.core.listNamespacedConfigMap({ namespace, fieldSelector: 'metadata.name=map-3' });
    expect(names(byName.items)).toEqual(['map-3']);
    await target.core.createNamespacedPod({ namespace, body: podBody('unbound', {}, '900') });
    const pending = await target.core.listNamespacedPod({
      namespace,
      fieldSelector: 'status.phase=Pending,spec.nodeName=',
    });
    expect(pending.items.map((pod) => pod.metadata?.name)).toEqual(['unbound']);
    const refused = target.core.listNamespacedConfigMap({ namespace, fieldSelector: 'data.a=1' });
    expect(await refusalOf(refused)).toMatchObject({ code: 400, reason: 'BadRequest' });
  });

  it('refuse a token that is none', async () => {
    const list = target.core.listNamespacedConfigMap({ namespace: target.namespace, limit: 1, _continue: 'nonsense' });
    expect(await refusalOf(list)).toMatchObject({ code: 400 });
  });

  it('delete what they show', async () => {
    const { namespace } = target;
    await createMap('gone-1', { group: 'gone' });
    await createMap('gone-2', { group: 'gone' });
    await target.core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'group=gone' });
    const left = await target.core.listNamespacedConfigMap({ namespace, labelSelector: 'listed' });
    expect(left.items).toHaveLength(7);
  });
});
