import { describe, expect, it } from 'vitest';
import { GIB, Lab } from '../lab.ts';
import type { JsonObject } from '../objects/json.ts';

function deploy(it: Lab, name: string, replicas: number, cpu = '1'): void {
  const labels = { app: name };
  const containers = [{ name: 'main', image: 'x', resources: { requests: { cpu } } }];
  it.post('/apis/apps/v1/namespaces/default/deployments', {
    metadata: { name },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  });
}

function scale(it: Lab, name: string, replicas: number): void {
  it.patch(`/apis/apps/v1/namespaces/default/deployments/${name}/scale`, { spec: { replicas } });
}

function alive(it: Lab) {
  return it.pods().filter((pod) => pod.metadata.deletionTimestamp === undefined);
}

describe('deployments', () => {
  it('give up pods without a node first, then pending ones, then the newest', () => {
    const it = new Lab();
    it.addNode('node-a');
    deploy(it, 'web', 2);
    it.pass(10_000);
    const oldest = alive(it).map((pod) => pod.metadata.name);
    scale(it, 'web', 3);
    it.pass(10_000);
    scale(it, 'web', 4);
    scale(it, 'web', 6);
    const unbound = alive(it).filter((pod) => pod.spec.nodeName === undefined);
    expect(unbound).toHaveLength(2);
    scale(it, 'web', 4);
    expect(alive(it).every((pod) => pod.spec.nodeName !== undefined)).toBe(true);
    scale(it, 'web', 3);
    expect(alive(it).every((pod) => pod.status.phase === 'Running')).toBe(true);
    scale(it, 'web', 2);
    expect(alive(it).map((pod) => pod.metadata.name)).toEqual(oldest);
  });

  it('count in their status what runs', () => {
    const it = new Lab();
    it.addNode('node-a');
    deploy(it, 'web', 5);
    expect(it.deployment('web').status).toMatchObject({ replicas: 5, readyReplicas: 0, unavailableReplicas: 5 });
    it.pass(2_000);
    expect(it.deployment('web').status).toMatchObject({ replicas: 5, readyReplicas: 4, unavailableReplicas: 1 });
  });

  it('replace all pods when the template changes', () => {
    const it = new Lab();
    it.addNode('node-a');
    deploy(it, 'web', 2);
    it.pass(10_000);
    const before = new Set(alive(it).map((pod) => pod.metadata.name));
    const template: JsonObject = { metadata: { annotations: { version: '2' } } };
    it.patch('/apis/apps/v1/namespaces/default/deployments/web', { spec: { template } });
    it.pass(40_000);
    expect(alive(it)).toHaveLength(2);
    expect(alive(it).some((pod) => before.has(pod.metadata.name))).toBe(false);
  });
});

describe('daemon sets', () => {
  it('have one pod on each node, ready or cordoned, and none elsewhere', () => {
    const it = new Lab({
      controlPlane: true,
      daemonPods: [{ name: 'agent', requests: { cpuMillicores: 100, memoryBytes: GIB } }],
    });
    it.addNode('node-a');
    it.addNode('node-b', { unschedulable: true });
    it.pass(5_000);
    const places = () =>
      it
        .pods()
        .map((pod) => pod.spec.nodeName)
        .sort();
    expect(places()).toEqual(['control-plane-0', 'node-a', 'node-b']);
    it.delete('/api/v1/nodes/node-b');
    it.pass(60_000);
    expect(places()).toEqual(['control-plane-0', 'node-a']);
    expect(it.pods()[0]?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'DaemonSet', name: 'agent' });
  });
});

describe('disruption budgets', () => {
  function guarded(spec: JsonObject, replicas = 4): Lab {
    const it = new Lab();
    it.addNode('node-a', {}, {}, '20');
    deploy(it, 'web', replicas);
    const path = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    it.post(path, { metadata: { name: 'web' }, spec: { selector: { matchLabels: { app: 'web' } }, ...spec } });
    it.pass(5_000);
    return it;
  }

  it.each([
    [{ minAvailable: 3 }, 4, 3, 1],
    [{ minAvailable: '50%' }, 5, 3, 2],
    [{ maxUnavailable: 1 }, 4, 3, 1],
    [{ maxUnavailable: '30%' }, 4, 2, 2],
    [{ maxUnavailable: 0 }, 4, 4, 0],
    [{ minAvailable: 9 }, 4, 9, 0],
  ])('%j of %i pods wants %i healthy and allows %i to go', (spec, replicas, desiredHealthy, disruptionsAllowed) => {
    const it = guarded(spec, replicas);
    expect(it.budget('web').status).toMatchObject({ currentHealthy: replicas, desiredHealthy, disruptionsAllowed });
  });

  it('let as many go as they allow, however many ask at once', () => {
    const it = guarded({ maxUnavailable: 2 });
    const names = it.pods().map((pod) => pod.metadata.name);
    expect(names.map((name) => it.evict(name))).toEqual([201, 201, 429, 429]);
    expect(it.budget('web').status?.disruptionsAllowed).toBe(0);
    it.pass(3_000);
    expect(it.budget('web').status?.disruptionsAllowed).toBe(2);
  });

  it('do not hold pods that do not run', () => {
    const it = guarded({ maxUnavailable: 0 });
    scale(it, 'web', 30);
    const pending = it.pods().find((pod) => pod.status.phase === 'Pending');
    expect(it.evict(pending?.metadata.name ?? '')).toBe(201);
  });

  it('two for one pod are an error', () => {
    const it = guarded({ maxUnavailable: 1 });
    const path = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    it.post(path, { metadata: { name: 'other' }, spec: { selector: {}, maxUnavailable: 1 } });
    expect(it.evict(it.pods()[0]?.metadata.name ?? '')).toBe(500);
  });
});
