import { describe, expect, it } from 'vitest';
import { Lab } from '../lab.ts';

function lab(): Lab {
  const it = new Lab();
  it.addNode('node-a');
  it.addNode('node-b');
  for (const [name, value] of Object.entries({ low: -10, lower: -20 }))
    it.post('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name }, value });
  return it;
}

const low = (priorityClassName = 'low') => ({ priorityClassName, terminationGracePeriodSeconds: 0 });

function placed(it: Lab): Record<string, string | undefined> {
  return Object.fromEntries(it.pods().map((pod) => [pod.metadata.name, pod.spec.nodeName]));
}

describe('preemption', () => {
  it('turns out as few pods of a lower priority as it needs, the lowest first', () => {
    const it = lab();
    it.addPod('a', '2', low());
    it.addPod('b', '2', low('lower'));
    it.addPod('c', '2', low());
    it.addPod('d', '2', low());
    it.addPod('real', '2');
    expect(placed(it)).toEqual({ a: 'node-a', c: 'node-a', d: 'node-b', real: 'node-b' });
  });

  it('lets many at once have the places of many', () => {
    const it = lab();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) it.addPod(name, '1', low());
    it.post('/apis/apps/v1/namespaces/default/deployments', {
      metadata: { name: 'real' },
      spec: {
        replicas: 6,
        selector: { matchLabels: { app: 'real' } },
        template: {
          metadata: { labels: { app: 'real' } },
          spec: { containers: [{ name: 'main', image: 'x', resources: { requests: { cpu: '1' } } }] },
        },
      },
    });
    const pods = it.pods();
    expect(pods.filter(({ metadata }) => metadata.labels?.app === 'real')).toHaveLength(6);
    expect(pods).toHaveLength(8);
    expect(pods.every(({ spec }) => spec.nodeName !== undefined)).toBe(true);
  });

  it('waits for whoever leaves, and turns out nobody else meanwhile', () => {
    const it = lab();
    for (const name of ['a', 'b', 'c', 'd']) it.addPod(name, '2', { ...low(), terminationGracePeriodSeconds: 20 });
    it.pass(5_000);
    it.addPod('real', '2');
    it.pass(10_000);
    expect(it.pods().filter(({ metadata }) => metadata.deletionTimestamp !== undefined)).toHaveLength(1);
    expect(it.pod('real')?.spec.nodeName).toBeUndefined();
    it.pass(11_000);
    expect(it.pod('real')?.spec.nodeName).toBeDefined();
    expect(it.pods()).toHaveLength(4);
  });

  it.each([
    ['nobody of its own priority', 0, {}],
    ['nobody, where its class never does', 4, { preemptionPolicy: 'Never', priority: 5 }],
  ])('turns out %s', (_name, priority, spec) => {
    const it = lab();
    for (const name of ['a', 'b']) it.addPod(name, '4', { priority });
    it.addPod('real', '2', spec);
    expect(it.pod('real')?.spec.nodeName).toBeUndefined();
    expect(it.pods()).toHaveLength(3);
  });

  it('refuses a pod of a class that nobody has defined', () => {
    expect(() => lab().addPod('a', '1', low('absent'))).toThrow('no PriorityClass with name absent was found');
  });
});
