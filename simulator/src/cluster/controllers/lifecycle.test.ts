import { describe, expect, it } from 'vitest';
import { Lab } from '../lab.ts';
import { isTrue } from '../objects/objects.ts';

function ready(it: Lab, pod: string): boolean {
  return isTrue(it.pod(pod)?.status.conditions, 'Ready');
}

describe('pods', () => {
  it('run podStartMs after they were bound, to the millisecond', () => {
    const it = new Lab({ timing: { podStartMs: 2_500 } });
    it.addNode('node-a');
    it.addPod('pod', '1');
    it.pass(2_499);
    expect(it.pod('pod')?.status.phase).toBe('Pending');
    it.pass(1);
    expect(it.pod('pod')?.status.phase).toBe('Running');
    expect(ready(it, 'pod')).toBe(true);
  });

  it('go after their grace period, and sooner when asked again with less', () => {
    const it = new Lab();
    it.addNode('node-a');
    it.addPod('patient', '1', { terminationGracePeriodSeconds: 30 });
    it.addPod('hurried', '1', { terminationGracePeriodSeconds: 30 });
    it.pass(10_000);
    for (const name of ['patient', 'hurried']) it.delete(`/api/v1/namespaces/default/pods/${name}`);
    it.delete('/api/v1/namespaces/default/pods/hurried', { gracePeriodSeconds: 5 });
    it.pass(5_000);
    expect(it.pods().map((pod) => pod.metadata.name)).toEqual(['patient']);
    it.pass(25_000);
    expect(it.pods()).toEqual([]);
  });

  it('that were bound to no node go at once', () => {
    const it = new Lab();
    it.addPod('waits', '1');
    it.delete('/api/v1/namespaces/default/pods/waits');
    expect(it.pods()).toEqual([]);
  });

  it('start on a node only once it is Ready', () => {
    const it = new Lab();
    it.post('/api/v1/nodes', { metadata: { name: 'late' }, status: { allocatable: { cpu: '4', pods: '9' } } });
    it.addPod('pinned', '1', { nodeName: 'late', tolerations: [{ operator: 'Exists' }] });
    it.pass(60_000);
    expect(it.pod('pinned')?.status.phase).toBe('Pending');
    it.patch('/api/v1/nodes/late/status', { status: { conditions: [{ type: 'Ready', status: 'True' }] } });
    it.pass(2_000);
    expect(it.pod('pinned')?.status.phase).toBe('Running');
  });
});

describe('pods of a node that falls silent', () => {
  it('are not ready while it is, and again when it is back', () => {
    const it = new Lab();
    it.addNode('node-a');
    it.addPod('pod', '1');
    it.pass(10_000);
    const say = (status: string) =>
      it.patch('/api/v1/nodes/node-a/status', { status: { conditions: [{ type: 'Ready', status }] } });
    say('Unknown');
    expect(ready(it, 'pod')).toBe(false);
    say('True');
    it.pass(0);
    expect(ready(it, 'pod')).toBe(true);
  });
});

describe('a NoExecute taint', () => {
  const taint = { key: 'maintenance', effect: 'NoExecute' };

  it('deletes pods after as long as they tolerate it, and none that tolerates it for good', () => {
    const it = new Lab();
    it.addNode('node-a');
    const grace = { terminationGracePeriodSeconds: 0 };
    it.addPod('at-once', '100m', grace);
    it.addPod('soon', '100m', { ...grace, tolerations: [{ ...taint, operator: 'Exists', tolerationSeconds: 60 }] });
    it.addPod('never', '100m', { ...grace, tolerations: [{ ...taint, operator: 'Exists' }] });
    it.pass(5_000);
    it.patch('/api/v1/nodes/node-a', { spec: { taints: [taint] } });
    expect(it.pods().map((pod) => pod.metadata.name)).toEqual(['never', 'soon']);
    it.pass(59_999);
    expect(it.pod('soon')).toBeDefined();
    it.pass(1);
    expect(it.pods().map((pod) => pod.metadata.name)).toEqual(['never']);
  });

  it('that is tolerated for less time brings the end forward', () => {
    const it = new Lab();
    it.addNode('node-a');
    const urgent = { key: 'urgent', effect: 'NoExecute' };
    const tolerations = [
      { ...taint, operator: 'Exists', tolerationSeconds: 60 },
      { ...urgent, operator: 'Exists', tolerationSeconds: 10 },
    ];
    it.addPod('pod', '1', { tolerations, terminationGracePeriodSeconds: 0 });
    it.patch('/api/v1/nodes/node-a', { spec: { taints: [taint] } });
    it.pass(20_000);
    it.patch('/api/v1/nodes/node-a', { spec: { taints: [taint, urgent] } });
    it.pass(9_999);
    expect(it.pod('pod')).toBeDefined();
    it.pass(1);
    expect(it.pod('pod')).toBeUndefined();
  });

  it('that goes in time is forgiven', () => {
    const it = new Lab();
    it.addNode('node-a');
    it.addPod('soon', '1', { tolerations: [{ ...taint, operator: 'Exists', tolerationSeconds: 60 }] });
    it.patch('/api/v1/nodes/node-a', { spec: { taints: [taint] } });
    it.pass(30_000);
    it.patch('/api/v1/nodes/node-a', { spec: { taints: null } });
    it.pass(120_000);
    expect(it.pod('soon')?.metadata.deletionTimestamp).toBeUndefined();
  });
});

describe('a node that is deleted', () => {
  it('takes the pods along that were terminating, and the others after a while', () => {
    const it = new Lab({ timing: { orphanGraceMs: 40_000 } });
    it.addNode('node-a');
    it.addPod('leaving', '1', { terminationGracePeriodSeconds: 3_600 });
    it.addPod('staying', '1');
    it.pass(5_000);
    it.delete('/api/v1/namespaces/default/pods/leaving');
    it.delete('/api/v1/nodes/node-a');
    expect(it.pods().map((pod) => pod.metadata.name)).toEqual(['staying']);
    it.pass(39_999);
    expect(it.pod('staying')).toBeDefined();
    it.pass(1);
    expect(it.pods()).toEqual([]);
  });
});

describe('a namespace that is deleted', () => {
  it('takes everything in it along', () => {
    const it = new Lab();
    it.post('/api/v1/namespaces', { metadata: { name: 'gone' } });
    it.post('/api/v1/namespaces/gone/configmaps', { metadata: { name: 'map' } });
    it.delete('/api/v1/namespaces/gone');
    const list = it.cluster.request('GET', '/api/v1/configmaps');
    expect((JSON.parse(list.body) as { items: unknown[] }).items).toEqual([]);
    expect(it.cluster.request('DELETE', '/api/v1/namespaces/kube-system').status).toBe(403);
  });
});

describe('events', () => {
  it('are kept for an hour', () => {
    const it = new Lab();
    it.post('/api/v1/namespaces/default/events', {
      metadata: { generateName: 'forescale-' },
      involvedObject: { kind: 'Node', name: 'node-a' },
      reason: 'TriggeredScaleUp',
      firstTimestamp: '2026-01-05T00:00:00.123Z',
    });
    const count = () =>
      (JSON.parse(it.cluster.request('GET', '/api/v1/events').body) as { items: unknown[] }).items.length;
    it.pass(3_599_999);
    expect(count()).toBe(1);
    it.pass(1);
    expect(count()).toBe(0);
  });
});
