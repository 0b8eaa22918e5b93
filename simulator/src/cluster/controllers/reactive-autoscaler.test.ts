import { describe, expect, it } from 'vitest';
import { Lab, SMALL } from '../lab.ts';

const LABELS = { group: 'web' };
const MINUTE_MS = 60_000;

function lab(nodesMax = 5): Lab {
  return new Lab({
    customResources: { capacitybuffers: ['v1beta1'] },
    reactiveAutoscaler: { offering: SMALL, labels: LABELS, nodesMax },
  });
}

const pod = { nodeSelector: LABELS };
const ready = (it: Lab) => it.nodes().filter(({ status }) => status.conditions?.at(-1)?.status === 'True').length;

function buffer(it: Lab, replicas: number): void {
  const containers = [{ name: 'pause', image: 'x', resources: { requests: { cpu: '2', memory: '1Gi' } } }];
  it.post('/api/v1/namespaces/default/podtemplates', {
    metadata: { name: 'web' },
    template: { spec: { ...pod, containers } },
  });
  it.post('/apis/autoscaling.x-k8s.io/v1beta1/namespaces/default/capacitybuffers', {
    metadata: { name: 'web' },
    spec: { replicas, podTemplateRef: { name: 'web' } },
  });
}

describe('reactive autoscaler', () => {
  it('brings nodes for the pods that wait, as many as they need, after a boot', () => {
    const it = lab();
    for (const name of ['a', 'b', 'c']) it.addPod(name, '2', pod);
    it.addPod('elsewhere', '2', { nodeSelector: { group: 'other' } });
    it.pass(20_000);
    expect(it.cluster.cloud.list()).toHaveLength(2);
    it.pass(MINUTE_MS);
    expect(ready(it)).toBe(2);
    expect(it.pods().filter(({ spec }) => spec.nodeName === undefined)).toHaveLength(1);
  });

  it('goes no further than its group may', () => {
    const it = lab(2);
    for (const name of ['a', 'b', 'c']) it.addPod(name, '4', pod);
    it.pass(5 * MINUTE_MS);
    expect(it.nodes()).toHaveLength(2);
  });

  it('takes a node away that has been empty for ten minutes, and no other', () => {
    const it = lab();
    it.addPod('a', '3', pod);
    it.addPod('b', '3', pod);
    it.pass(MINUTE_MS);
    it.delete('/api/v1/namespaces/default/pods/a');
    it.pass(9 * MINUTE_MS);
    expect(it.nodes()).toHaveLength(2);
    it.pass(3 * MINUTE_MS);
    expect(it.nodes().map(({ metadata }) => metadata.name)).toEqual([it.pod('b')?.spec.nodeName]);
  });

  it('keeps room for what a CapacityBuffer asks for, beside the pods that are there', () => {
    const it = lab();
    it.addPod('a', '2', pod);
    buffer(it, 3);
    it.pass(2 * MINUTE_MS);
    expect(ready(it)).toBe(2);
    it.pass(30 * MINUTE_MS);
    expect(ready(it)).toBe(2);
    it.patch('/apis/autoscaling.x-k8s.io/v1beta1/namespaces/default/capacitybuffers/web', { spec: { replicas: 0 } });
    it.pass(12 * MINUTE_MS);
    expect(ready(it)).toBe(1);
  });
});
