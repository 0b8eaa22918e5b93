import { createClusterReader, createClusterWriter } from '@forescale/shared/kubernetes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kubeConfigOf } from './conformance/target.ts';
import { GIB, Lab, SMALL, START_MS } from './lab.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

describe('the client of the services, on the simulated cluster', () => {
  let lab: Lab;
  let reader: ReturnType<typeof createClusterReader>;
  let writer: ReturnType<typeof createClusterWriter>;
  beforeEach(async () => {
    lab = new Lab({
      initialNodes: [{ offering: SMALL, count: 2 }],
      daemonPods: [{ name: 'agent', requests: { cpuMillicores: 100, memoryBytes: GIB } }],
    });
    const server = await lab.cluster.listen();
    stops.push(server.close);
    reader = createClusterReader(kubeConfigOf(server.url));
    writer = createClusterWriter(kubeConfigOf(server.url));
    lab.addPod('fits', '500m');
    lab.addPod('huge', '50');
    lab.pass(10_000);
  });

  it('reads nodes and pods as they are', async () => {
    const { nodes, pods } = await reader.read(lab.cluster.nowMs());
    expect(nodes.map(({ name, ready, unschedulable, createdMs }) => [name, ready, unschedulable, createdMs])).toEqual([
      ['node-0', true, false, START_MS],
      ['node-1', true, false, START_MS],
    ]);
    expect(nodes[0]?.allocatable).toEqual(SMALL.allocatable);
    const found = new Map(pods.map((pod) => [pod.name, pod]));
    expect(found.get('fits')).toMatchObject({ phase: 'Running', unschedulable: false, nodeName: 'node-0' });
    expect(found.get('fits')?.requests).toMatchObject({ cpuMillicores: 500, memoryBytes: GIB, pods: 1 });
    expect(found.get('huge')).toMatchObject({ phase: 'Pending', unschedulable: true, nodeName: null });
    expect(pods.filter(({ ownerKind }) => ownerKind === 'DaemonSet')).toHaveLength(2);
  });

  it('reads what nodes and pods use, and null where that is not served', async () => {
    const usage = await reader.usage();
    // 80m and 400 Mi of the node itself, 30 % of what the agent (100m, 1 Gi) and the pod (500m, 1 Gi) ask for.
    expect(usage?.get('node-0')?.cpuMillicores).toBe(80 + 0.3 * 600);
    expect(usage?.get('node-1')?.cpuMillicores).toBe(80 + 0.3 * 100);
    // The pod alone, of all its containers.
    expect((await reader.podUsage())?.get('default/fits')?.cpuMillicores).toBe(0.3 * 500);
    lab.cluster.metrics.enabled = false;
    expect(await reader.usage()).toBeNull();
    expect(await reader.podUsage()).toBeNull();
  });

  it('knows the cluster by its id', async () => {
    expect(await reader.clusterId()).toBe(lab.cluster.clusterId);
  });

  it('cordons, taints, evicts, deletes', async () => {
    const taint = { key: 'forescale.dev/draining', value: '', effect: 'NoSchedule' } as const;
    expect(await writer.changeNode('node-0', { unschedulable: true, addTaints: [taint] })).toBe(true);
    expect(await writer.changeNode('missing', { unschedulable: true })).toBe(false);
    const state = await reader.read(lab.cluster.nowMs());
    expect(state.nodes[0]?.unschedulable).toBe(true);
    expect(state.nodes[0]?.taints.map(({ key }) => key)).toEqual(expect.arrayContaining([taint.key]));
    const uid = lab.pod('fits')?.metadata.uid ?? '';
    expect(await writer.evictPod('default', 'fits', uid, 5)).toBe('evicted');
    expect(await writer.evictPod('default', 'fits', 'another-uid', 5)).toBe('gone');
    lab.pass(5_000);
    expect(lab.pod('fits')).toBeUndefined();
    await writer.deleteNode('node-0');
    await writer.deleteNode('node-0');
    expect(lab.nodes()).toHaveLength(1);
  });

  it('writes events', async () => {
    const uid = lab.nodes()[0]?.metadata.uid ?? '';
    const event = { type: 'Normal', reason: 'ScaleDown', message: 'no longer needed', timeMs: START_MS } as const;
    await writer.createEvent({ ...event, kind: 'Node', name: 'node-0', uid });
    const { body } = lab.cluster.request('GET', '/api/v1/events?fieldSelector=involvedObject.name=node-0');
    const { items } = JSON.parse(body) as { items: { reason: string; firstTimestamp: string }[] };
    expect(items).toMatchObject([{ reason: 'ScaleDown', firstTimestamp: '2026-01-05T00:00:00Z' }]);
  });
});
