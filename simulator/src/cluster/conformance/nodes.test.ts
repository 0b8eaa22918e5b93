import { randomUUID } from 'node:crypto';
import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ownLabels } from './own.ts';
import { openTarget, refusalOf, type Target } from './target.ts';

const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
const strategic = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch);

let target: Target;
let name = '';
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

beforeEach(async () => {
  name = `conformance-${randomUUID().slice(0, 8)}`;
  await target.core.createNode({
    body: {
      metadata: { name, labels: ownLabels() },
      spec: { taints: [{ key: 'forescale.dev/conformance', effect: 'NoSchedule' }] },
    },
  });
  return async () => {
    await target.core.deleteNode({ name }).catch(() => undefined);
  };
});

describe('nodes', () => {
  it('are tainted while they are not ready, and not when they are', async () => {
    await target.until('it is tainted', async () => (await taintKeys()).includes('node.kubernetes.io/not-ready'));
    await setReady('True');
    await target.until('the taint is gone', async () => !(await taintKeys()).includes('node.kubernetes.io/not-ready'));
    expect(await taintKeys()).toContain('forescale.dev/conformance');
  });

  it('are cordoned by their spec, which taints them', async () => {
    await target.core.patchNode({ name, body: { spec: { unschedulable: true } } }, merge);
    await target.until('it is tainted', async () => (await taintKeys()).includes('node.kubernetes.io/unschedulable'));
    await target.core.patchNode({ name, body: { spec: { unschedulable: null } } }, merge);
    await target.until('it is not', async () => !(await taintKeys()).includes('node.kubernetes.io/unschedulable'));
  });

  it('keep their status when their spec is written, and the other way round', async () => {
    await setReady('True');
    const node = await target.core.readNode({ name });
    await target.core.patchNode(
      { name, body: { status: { conditions: [] }, metadata: { labels: { a: 'b' } } } },
      merge,
    );
    const labelled = await target.core.readNode({ name });
    expect(labelled.metadata?.labels?.a).toBe('b');
    expect(labelled.status?.conditions).toEqual(node.status?.conditions);
    await target.core.patchNodeStatus({ name, body: { spec: { unschedulable: true } } }, merge);
    expect((await target.core.readNode({ name })).spec?.unschedulable).toBeUndefined();
  });

  it('merge conditions by type in a strategic patch, and replace them in a merge patch', async () => {
    await setReady('True');
    const disk = { type: 'DiskPressure', status: 'False' };
    const both = await target.core.patchNodeStatus({ name, body: { status: { conditions: [disk] } } }, strategic);
    expect(both.status?.conditions?.map(({ type }) => type).sort()).toEqual(['DiskPressure', 'Ready']);
    const one = await target.core.patchNodeStatus({ name, body: { status: { conditions: [disk] } } }, merge);
    expect(one.status?.conditions?.map(({ type }) => type)).toEqual(['DiskPressure']);
  });

  it('refuse a taint with an effect that there is not', async () => {
    const taints = [{ key: 'a', effect: 'NoBreakfast' }];
    const patch = target.core.patchNode({ name, body: { spec: { taints } } }, merge);
    expect(await refusalOf(patch)).toMatchObject({ code: 422, reason: 'Invalid' });
  });

  it('are gone once deleted', async () => {
    await target.core.deleteNode({ name });
    expect(await refusalOf(target.core.readNode({ name }))).toMatchObject({ code: 404 });
  });

  async function taintKeys(): Promise<string[]> {
    return ((await target.core.readNode({ name })).spec?.taints ?? []).map(({ key }) => key);
  }

  function setReady(status: string) {
    const ready = { type: 'Ready', status, reason: 'Test', lastTransitionTime: '2026-01-05T00:00:00Z' };
    return target.core.patchNodeStatus({ name, body: { status: { conditions: [ready] } } }, strategic);
  }
});
