import { createLease, KubernetesRefusedError, KubernetesUnavailableError } from '@forescale/shared/kubernetes';
import type { Lease } from '@forescale/shared/leadership';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTarget, type Target } from './conformance/target.ts';

let target: Target;
beforeEach(async () => {
  target = await openTarget();
});
afterEach(() => target.close());

const OURS: Lease = {
  holder: 'node-1_a',
  durationMs: 15_000,
  transitions: 2,
  acquired: '2026-03-02T09:00:00.000000Z',
  renewed: '2026-03-02T09:00:00.123000Z',
};

const open = () => createLease(target.kube, target.namespace, 'forescale-actuator');
const stored = () =>
  target.coordination.readNamespacedLease({ namespace: target.namespace, name: 'forescale-actuator' });

describe('the Lease of the services', () => {
  it('is made, read and renewed, each write with the version before it', async () => {
    const lease = open();
    expect(await lease.read()).toBeNull();
    const made = await lease.write(OURS, null);
    expect(made).toEqual({ ...OURS, version: expect.any(String) });
    expect(await lease.read()).toEqual(made);
    const renewed = await lease.write({ ...OURS, renewed: '2026-03-02T09:00:02.000000Z' }, made?.version ?? '');
    expect(renewed?.version).not.toBe(made?.version);
    expect((await stored()).spec).toMatchObject({
      holderIdentity: 'node-1_a',
      leaseDurationSeconds: 15,
      leaseTransitions: 2,
    });
  });

  it('goes to whoever writes first: made twice, or over an old version, it is not written', async () => {
    const [one, other] = [open(), open()];
    const made = await one.write(OURS, null);
    expect(await other.write({ ...OURS, holder: 'b' }, null)).toBeNull();
    await one.write(OURS, made?.version ?? '');
    await one.write({ ...OURS, renewed: '2026-03-02T09:00:04.000000Z' }, made?.version ?? '');
    expect(await other.write({ ...OURS, holder: 'b' }, made?.version ?? '')).toBeNull();
    expect((await other.read())?.holder).toBe('node-1_a');
  });

  it('given back names no holder, and keeps what others have written on it', async () => {
    const lease = open();
    await lease.write(OURS, null);
    const body = await stored();
    body.metadata = { ...body.metadata, labels: { team: 'ops' } };
    await target.coordination.replaceNamespacedLease({
      namespace: target.namespace,
      name: 'forescale-actuator',
      body,
    });
    const now = await lease.read();
    const back = await lease.write({ ...OURS, holder: '', renewed: '2026-03-02T09:00:06.000000Z' }, now?.version ?? '');
    expect(back).toMatchObject({ holder: '', transitions: 2 });
    const { metadata, spec } = await stored();
    expect(metadata?.labels).toEqual({ team: 'ops' });
    expect(spec?.holderIdentity).toBeUndefined();
  });

  it('deleted in between: an update finds nothing to write over', async () => {
    const lease = open();
    const made = await lease.write(OURS, null);
    await target.coordination.deleteNamespacedLease({ namespace: target.namespace, name: 'forescale-actuator' });
    expect(await lease.write(OURS, made?.version ?? '')).toBeNull();
    expect(await lease.read()).toBeNull();
  });

  it('a namespace that is not there is named', async () => {
    const lease = createLease(target.kube, 'nowhere', 'forescale-actuator');
    expect(await lease.read()).toBeNull();
    await expect(lease.write(OURS, null)).rejects.toThrow(
      'POST /apis/coordination.k8s.io/v1/namespaces/nowhere/leases: HTTP 404, namespaces "nowhere" not found',
    );
  });
});

describe('an API server that does not serve', () => {
  it('refused, away, or not there: each by its name', async () => {
    const { simulated } = target;
    if (simulated === null) return;
    const lease = open();
    simulated.faults.add({ path: /leases/, times: 1, action: { kind: 'respond', status: 403 } });
    await expect(lease.read()).rejects.toThrow(KubernetesRefusedError);
    simulated.faults.add({ path: /leases/, times: 1, action: { kind: 'respond', status: 503 } });
    await expect(lease.write(OURS, null)).rejects.toThrow(KubernetesUnavailableError);
    simulated.faults.add({ path: /leases/, times: 1, action: { kind: 'reset', when: 'after' } });
    await expect(lease.write(OURS, null)).rejects.toThrow(KubernetesUnavailableError);
    // It was carried out all the same.
    expect((await lease.read())?.holder).toBe('node-1_a');
  });
});
