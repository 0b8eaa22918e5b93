import { PatchStrategy, setHeaderOptions, V1MicroTime } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTarget, podBody, refusalOf, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

async function createMap(name: string, data: Record<string, string> = {}) {
  return target.core.createNamespacedConfigMap({
    namespace: target.namespace,
    body: { metadata: { name, labels: { made: 'here' } }, data },
  });
}

describe('objects of the API', () => {
  it('gets back what was created, with what only a server knows', async () => {
    const created = await createMap('created', { a: '1' });
    const read = await target.core.readNamespacedConfigMap({ name: 'created', namespace: target.namespace });
    expect(read).toEqual(created);
    expect(read.data).toEqual({ a: '1' });
    expect(read.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(Number(read.metadata?.resourceVersion)).toBeGreaterThan(0);
    expect(read.metadata?.creationTimestamp).toBeInstanceOf(Date);
  });

  it('makes up a name from generateName, a new one each time', async () => {
    const create = () =>
      target.core.createNamespacedConfigMap({
        namespace: target.namespace,
        body: { metadata: { generateName: 'generated-' } },
      });
    const names = [(await create()).metadata?.name, (await create()).metadata?.name];
    for (const name of names) expect(name).toMatch(/^generated-[a-z0-9]{5}$/);
    expect(names[0]).not.toBe(names[1]);
  });

  it('refuses a name twice, a name that is none, and what is not there, as Kubernetes words it', async () => {
    await createMap('twice');
    expect(await refusalOf(createMap('twice'))).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "twice" already exists',
    });
    expect(await refusalOf(createMap('No_Name'))).toMatchObject({ code: 422, reason: 'Invalid' });
    const missing = target.core.readNamespacedConfigMap({ name: 'missing', namespace: target.namespace });
    expect(await refusalOf(missing)).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'configmaps "missing" not found',
    });
    const nowhere = target.core.createNamespacedConfigMap({ namespace: 'nowhere', body: { metadata: { name: 'x' } } });
    expect(await refusalOf(nowhere)).toMatchObject({ code: 404, message: 'namespaces "nowhere" not found' });
  });

  it('refuses a pod that has no container', async () => {
    const { namespace } = target;
    const body = { metadata: { name: 'empty' }, spec: { containers: [] } };
    const refusal = await refusalOf(target.core.createNamespacedPod({ namespace, body }));
    expect(refusal).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(refusal.message).toContain('spec.containers: Required value');
  });

  it('does nothing in a dry run but say what it would do', async () => {
    const body = { metadata: { name: 'dry' }, data: { a: '1' } };
    const { namespace } = target;
    const answer = await target.core.createNamespacedConfigMap({ namespace, body, dryRun: 'All' });
    expect(answer.data).toEqual({ a: '1' });
    expect(await refusalOf(target.core.readNamespacedConfigMap({ name: 'dry', namespace }))).toMatchObject({
      code: 404,
    });
  });

  it('replaces only the version that was read', async () => {
    const { namespace } = target;
    const read = await createMap('replaced', { a: '1' });
    const next = { ...read, data: { a: '2' } };
    const replaced = await target.core.replaceNamespacedConfigMap({ name: 'replaced', namespace, body: next });
    expect(replaced.metadata?.resourceVersion).not.toBe(read.metadata?.resourceVersion);
    const stale = target.core.replaceNamespacedConfigMap({ name: 'replaced', namespace, body: next });
    expect(await refusalOf(stale)).toMatchObject({ code: 409, reason: 'Conflict' });
  });

  it('keeps the version of an object that a write does not change', async () => {
    const { namespace } = target;
    const read = await createMap('unchanged', { a: '1' });
    const again = await target.core.replaceNamespacedConfigMap({ name: 'unchanged', namespace, body: read });
    expect(again.metadata?.resourceVersion).toBe(read.metadata?.resourceVersion);
  });

  it('patches in the three ways, and refuses a JSON patch whose test fails', async () => {
    const { namespace } = target;
    const name = 'patched';
    await createMap(name, { keep: '1', drop: '1' });
    const patch = (strategy: string, body: object) =>
      target.core.patchNamespacedConfigMap({ name, namespace, body }, setHeaderOptions('Content-Type', strategy));
    const merged = await patch(PatchStrategy.MergePatch, { data: { drop: null, merged: 'yes' } });
    expect(merged.data).toEqual({ keep: '1', merged: 'yes' });
    const strategic = await patch(PatchStrategy.StrategicMergePatch, { metadata: { labels: { more: 'x' } } });
    expect(strategic.metadata?.labels).toEqual({ made: 'here', more: 'x' });
    const json = await patch(PatchStrategy.JsonPatch, [
      { op: 'test', path: '/data/keep', value: '1' },
      { op: 'replace', path: '/data/keep', value: '2' },
    ]);
    expect(json.data).toEqual({ keep: '2', merged: 'yes' });
    const failing = patch(PatchStrategy.JsonPatch, [{ op: 'test', path: '/data/keep', value: 'other' }]);
    expect((await refusalOf(failing)).code).toBe(422);
    const stale = patch(PatchStrategy.MergePatch, { metadata: { resourceVersion: '1' }, data: { keep: '3' } });
    expect(await refusalOf(stale)).toMatchObject({ code: 409, reason: 'Conflict' });
  });

  it('deletes only the object that is meant', async () => {
    const { namespace } = target;
    const { metadata } = await createMap('deleted');
    const drop = (uid: string) =>
      target.core.deleteNamespacedConfigMap({ name: 'deleted', namespace, body: { preconditions: { uid } } });
    expect(await refusalOf(drop('00000000-0000-4000-8000-000000000000'))).toMatchObject({ code: 409 });
    expect(await drop(metadata?.uid ?? '')).toMatchObject({ status: 'Success' });
    expect(await refusalOf(drop(metadata?.uid ?? ''))).toMatchObject({ code: 404 });
  });

  it('keeps an object with a finalizer until that is gone', async () => {
    const { namespace } = target;
    const name = 'finalized';
    await target.core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name, finalizers: ['example.com/hold'] } },
    });
    await target.core.deleteNamespacedConfigMap({ name, namespace });
    const held = await target.core.readNamespacedConfigMap({ name, namespace });
    expect(held.metadata?.deletionTimestamp).toBeInstanceOf(Date);
    const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    await target.core.patchNamespacedConfigMap({ name, namespace, body: { metadata: { finalizers: null } } }, merge);
    expect(await refusalOf(target.core.readNamespacedConfigMap({ name, namespace }))).toMatchObject({ code: 404 });
  });

  it('fixes the spec of a pod', async () => {
    const { namespace } = target;
    await target.core.createNamespacedPod({ namespace, body: podBody('fixed', {}, '900') });
    const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    const patch = (spec: object) => target.core.patchNamespacedPod({ name: 'fixed', namespace, body: { spec } }, merge);
    expect(await refusalOf(patch({ hostname: 'other' }))).toMatchObject({ code: 422, reason: 'Invalid' });
    const labelled = await target.core.patchNamespacedPod(
      { name: 'fixed', namespace, body: { metadata: { labels: { a: 'b' } } } },
      merge,
    );
    expect(labelled.metadata?.labels).toEqual({ a: 'b' });
  });
});

describe('leases', () => {
  const time = new V1MicroTime('2026-01-05T00:00:00.123Z');

  it('go to the one whose write comes first', async () => {
    const { namespace } = target;
    const name = 'leader';
    const spec = { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: time, acquireTime: time };
    const lease = await target.coordination.createNamespacedLease({ namespace, body: { metadata: { name }, spec } });
    const take = (holderIdentity: string) =>
      target.coordination.replaceNamespacedLease({
        name,
        namespace,
        body: { ...lease, spec: { ...lease.spec, holderIdentity, renewTime: time } },
      });
    expect((await take('b')).spec?.holderIdentity).toBe('b');
    expect(await refusalOf(take('c'))).toMatchObject({ code: 409, reason: 'Conflict' });
  });

  it('have times in microseconds and refuse others', async () => {
    const { namespace } = target;
    const spec = { renewTime: new Date(time.getTime()) as V1MicroTime };
    const create = target.coordination.createNamespacedLease({
      namespace,
      body: { metadata: { name: 'coarse' }, spec },
    });
    expect(await refusalOf(create)).toMatchObject({ code: 400, reason: 'BadRequest' });
  });

  it('cannot be replaced without saying which version', async () => {
    const { namespace } = target;
    const body = { metadata: { name: 'blind' }, spec: { holderIdentity: 'a' } };
    await target.coordination.createNamespacedLease({ namespace, body });
    expect(
      await refusalOf(target.coordination.replaceNamespacedLease({ name: 'blind', namespace, body })),
    ).toMatchObject({
      code: 422,
    });
  });

  it('given back names no holder any more, and counts on', async () => {
    const { namespace } = target;
    const spec = { holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 3, renewTime: time };
    const lease = await target.coordination.createNamespacedLease({
      namespace,
      body: { metadata: { name: 'returned' }, spec },
    });
    const { holderIdentity: _holder, ...rest } = lease.spec ?? {};
    const back = await target.coordination.replaceNamespacedLease({
      name: 'returned',
      namespace,
      body: { ...lease, spec: rest },
    });
    expect(back.spec?.holderIdentity).toBeUndefined();
    expect(back.spec?.leaseTransitions).toBe(3);
    expect(back.metadata?.resourceVersion).not.toBe(lease.metadata?.resourceVersion);
  });

  it.each([{ leaseDurationSeconds: 0 }, { leaseTransitions: -1 }])('refuse %j', async (spec) => {
    const { namespace } = target;
    const create = target.coordination.createNamespacedLease({ namespace, body: { metadata: { name: 'odd' }, spec } });
    expect(await refusalOf(create)).toMatchObject({ code: 422, reason: 'Invalid' });
  });

  it('deleted in between are neither renewed nor brought back', async () => {
    const { namespace } = target;
    const body = { metadata: { name: 'deleted' }, spec: { holderIdentity: 'a' } };
    const lease = await target.coordination.createNamespacedLease({ namespace, body });
    await target.coordination.deleteNamespacedLease({ namespace, name: 'deleted' });
    const { code } = await refusalOf(
      target.coordination.replaceNamespacedLease({ namespace, name: 'deleted', body: lease }),
    );
    expect([404, 409]).toContain(code);
    expect(await refusalOf(target.coordination.readNamespacedLease({ namespace, name: 'deleted' }))).toMatchObject({
      code: 404,
    });
  });
});
