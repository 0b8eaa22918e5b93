import { describe, expect, it } from 'vitest';
import { Lab } from '../lab.ts';
import type { JsonObject } from '../objects/json.ts';
import { findCondition } from '../objects/objects.ts';

function lab(): Lab {
  const it = new Lab();
  it.addNode('node-a');
  it.addNode('node-b');
  return it;
}

function placeOf(it: Lab, pod: string): string | undefined {
  return it.pod(pod)?.spec.nodeName;
}

describe('scheduler', () => {
  it('takes the node that is left with most room, the first by name among equals', () => {
    const it = lab();
    it.addPod('one', '1');
    it.addPod('two', '1');
    it.addPod('three', '2');
    it.addPod('four', '1');
    expect(['one', 'two', 'three', 'four'].map((name) => placeOf(it, name))).toEqual([
      'node-a',
      'node-b',
      'node-a',
      'node-b',
    ]);
  });

  it.each([
    ['does not fit', '5', {}, 'Insufficient cpu'],
    ['asks for another label', '1', { nodeSelector: { role: 'web' } }, "didn't match Pod's node affinity/selector"],
  ])('leaves a pod pending that %s, and says why', (_name, cpu, spec, reason) => {
    const it = lab();
    it.addPod('waits', cpu, spec as JsonObject);
    const pod = it.pod('waits');
    expect(pod?.spec.nodeName).toBeUndefined();
    const condition = findCondition(pod?.status.conditions, 'PodScheduled');
    expect(condition).toMatchObject({ status: 'False', reason: 'Unschedulable' });
    expect(condition?.message).toMatch(/^0\/2 nodes are available: 2 /);
    expect(condition?.message).toContain(reason);
  });

  it('says anew why a pod waits when that is something else, and not when only the number of nodes is', () => {
    const it = new Lab();
    it.addPod('waits', '5');
    const condition = () => findCondition(it.pod('waits')?.status.conditions, 'PodScheduled');
    const [first, since] = [condition()?.message, condition()?.lastTransitionTime];
    expect(first).toBe('0/0 nodes are available.');
    it.pass(1_000);
    it.addNode('node-a');
    expect(condition()).toMatchObject({
      message: '0/1 nodes are available: 1 Insufficient cpu.',
      lastTransitionTime: since,
    });
    const version = it.pod('waits')?.metadata.resourceVersion;
    it.addNode('node-b');
    expect(it.pod('waits')?.metadata.resourceVersion).toBe(version);
    it.addNode('shut', { taints: [{ key: 'a', effect: 'NoSchedule' }] });
    expect(condition()?.message).toBe(
      '0/3 nodes are available: 1 node(s) had untolerated taint {a: }, 2 Insufficient cpu.',
    );
  });

  it('counts pods as a resource', () => {
    const it = lab();
    for (let i = 0; i < 25; i++) it.addPod(`small-${i}`, '1m', { containers: [{ name: 'c', image: 'x' }] });
    expect(it.pods().filter((pod) => pod.spec.nodeName !== undefined)).toHaveLength(20);
  });

  it('keeps off cordoned, tainted and unready nodes, unless the pod tolerates them', () => {
    const it = new Lab();
    it.addNode('cordoned', { unschedulable: true });
    it.addNode('tainted', { taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] });
    it.post('/api/v1/nodes', { metadata: { name: 'unready' }, status: { allocatable: { cpu: '4', pods: '9' } } });
    it.addPod('plain', '1');
    expect(placeOf(it, 'plain')).toBeUndefined();
    it.addPod('tolerant', '1', { tolerations: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] });
    expect(placeOf(it, 'tolerant')).toBe('tainted');
    it.addPod('wrong', '1', { tolerations: [{ key: 'dedicated', value: 'cpu' }] });
    expect(placeOf(it, 'wrong')).toBeUndefined();
  });

  it('prefers nodes without a PreferNoSchedule taint, however full they are', () => {
    const it = lab();
    it.patch('/api/v1/nodes/node-a', { spec: { taints: [{ key: 'shy', effect: 'PreferNoSchedule' }] } });
    for (const name of ['one', 'two', 'three', 'four', 'five']) it.addPod(name, '1');
    expect(['one', 'two', 'three', 'four', 'five'].map((name) => placeOf(it, name))).toEqual([
      'node-b',
      'node-b',
      'node-b',
      'node-b',
      'node-a',
    ]);
  });

  it('serves higher priorities first, then older pods', () => {
    const it = new Lab();
    it.addPod('old', '3');
    it.pass(1_000);
    it.addPod('young', '3');
    it.addPod('urgent', '3', { priority: 10 });
    it.addNode('node-a');
    expect(placeOf(it, 'urgent')).toBe('node-a');
    it.addNode('node-b');
    expect(placeOf(it, 'old')).toBe('node-b');
    expect(placeOf(it, 'young')).toBeUndefined();
  });

  it('tries again as soon as there is room', () => {
    const it = new Lab();
    it.addNode('node-a');
    it.addPod('first', '4');
    it.addPod('second', '4');
    expect(placeOf(it, 'second')).toBeUndefined();
    it.pass(5_000);
    it.delete('/api/v1/namespaces/default/pods/first', { gracePeriodSeconds: 2 });
    expect(placeOf(it, 'second')).toBeUndefined();
    it.pass(2_000);
    expect(placeOf(it, 'second')).toBe('node-a');
  });

  it('leaves pods of other schedulers alone', () => {
    const it = lab();
    it.addPod('theirs', '1', { schedulerName: 'another' });
    expect(placeOf(it, 'theirs')).toBeUndefined();
    it.post('/api/v1/namespaces/default/pods/theirs/binding', { target: { kind: 'Node', name: 'node-b' } });
    expect(placeOf(it, 'theirs')).toBe('node-b');
    expect(() =>
      it.post('/api/v1/namespaces/default/pods/theirs/binding', { target: { kind: 'Node', name: 'node-a' } }),
    ).toThrow('is already assigned to node');
  });
});

describe('scheduler: rules of pods', () => {
  const required = (value: JsonObject | JsonObject[]) => ({ requiredDuringSchedulingIgnoredDuringExecution: value });
  const like = (app: string, topologyKey = 'kubernetes.io/hostname') => [
    { topologyKey, labelSelector: { matchLabels: { app } } },
  ];
  const app = (name: string) => ({ labels: { app: name } });
  const whyPending = (it: Lab, pod: string) => findCondition(it.pod(pod)?.status.conditions, 'PodScheduled')?.message;

  it('node affinity: a node of any of the terms', () => {
    const it = lab();
    it.patch('/api/v1/nodes/node-b', { metadata: { labels: { zone: 'b' } } });
    const terms = (...values: string[]) => ({
      affinity: {
        nodeAffinity: required({
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values }] }],
        }),
      },
    });
    it.addPod('there', '1', terms('a', 'b'));
    it.addPod('nowhere', '1', terms('a'));
    expect(['there', 'nowhere'].map((pod) => placeOf(it, pod))).toEqual(['node-b', undefined]);
    expect(whyPending(it, 'nowhere')).toContain("2 node(s) didn't match Pod's node affinity/selector");
  });

  it('anti-affinity: a node each, and nobody whom those that are there keep away', () => {
    const it = lab();
    const apart = { affinity: { podAntiAffinity: required(like('web')) } };
    for (const name of ['one', 'two', 'three']) it.addPod(name, '1', apart, app('web'));
    expect(['one', 'two', 'three'].map((pod) => placeOf(it, pod))).toEqual(['node-a', 'node-b', undefined]);
    expect(whyPending(it, 'three')).toContain('anti-affinity rules');
    it.addPod('plain', '1', {}, app('web'));
    expect(placeOf(it, 'plain')).toBeUndefined();
    it.addPod('other', '1', {}, app('db'));
    expect(placeOf(it, 'other')).toBe('node-a');
  });

  it('affinity: the first goes anywhere, the others to it; who waits for another gets there once it is', () => {
    const it = lab();
    const beside = { affinity: { podAffinity: required(like('web')) } };
    it.addPod('waits', '1', beside, app('db'));
    expect(placeOf(it, 'waits')).toBeUndefined();
    expect(whyPending(it, 'waits')).toContain("didn't match pod affinity rules");
    for (const name of ['one', 'two']) it.addPod(name, '1', beside, app('web'));
    expect(['one', 'two', 'waits'].map((pod) => placeOf(it, pod))).toEqual(['node-a', 'node-a', 'node-a']);
  });

  it('spread: evenly, and no further than the emptiest node allows', () => {
    const it = lab();
    const even = {
      topologySpreadConstraints: [
        { ...(like('web')[0] as JsonObject), maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' },
      ],
    };
    it.addPod('large', '3.5');
    for (const name of ['one', 'two', 'three']) it.addPod(name, '1', even, app('web'));
    expect(['one', 'two', 'three'].map((pod) => placeOf(it, pod))).toEqual(['node-b', undefined, undefined]);
    expect(whyPending(it, 'two')).toContain("didn't match pod topology spread constraints");
  });

  it('an affinity that is none is refused', () => {
    const wrong = { affinity: { podAntiAffinity: required([{ labelSelector: {} }]) } };
    expect(() => lab().addPod('wrong', '1', wrong)).toThrow('topologyKey');
  });
});
