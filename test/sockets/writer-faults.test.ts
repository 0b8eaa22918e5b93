import { type ClusterWriter, KubernetesUnavailableError } from '@forescale/shared/kubernetes';
import type { FaultAction } from '@forescale/simulator/cluster';
import { afterEach, describe, expect, it } from 'vitest';
import { FaultyCluster } from './faulty-cluster.ts';

const open: FaultyCluster[] = [];
afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close();
});

async function started(): Promise<FaultyCluster> {
  const faulty = await FaultyCluster.start();
  open.push(faulty);
  return faulty;
}

const TAINT = { key: 'forescale.dev/draining', value: 'true', effect: 'NoSchedule' } as const;
const TRIES_MAX = 3;

/** As a tick does it: what could not be done is done again at the next one. Resolves to its result and the tries. */
async function again<T>(faulty: FaultyCluster, act: (writer: ClusterWriter) => Promise<T>) {
  for (let tries = 1; ; tries++) {
    try {
      return { result: await faulty.run(act(faulty.writer)), tries };
    } catch (error) {
      expect(error).toBeInstanceOf(KubernetesUnavailableError);
      if (tries === TRIES_MAX) throw error;
    }
  }
}

const faults: readonly (readonly [string, FaultAction, 'done' | 'not done'])[] = [
  ['a reset before the call is carried out', { kind: 'reset', when: 'before' }, 'not done'],
  ['a reset after it was carried out', { kind: 'reset', when: 'after' }, 'done'],
  ['no answer, and nothing done', { kind: 'hang', when: 'before' }, 'not done'],
  ['no answer to what was done', { kind: 'hang', when: 'after' }, 'done'],
  ['half an answer, then a reset', { kind: 'cut', share: 0.5, end: 'reset' }, 'done'],
  ['half an answer, then silence', { kind: 'cut', share: 0.5, end: 'hang' }, 'done'],
  ['half an answer that looks whole', { kind: 'cut', share: 0.5, end: 'close' }, 'done'],
  ['an answer that is no JSON', { kind: 'garbage', of: 'body' }, 'done'],
  ['an answer that is no HTTP', { kind: 'garbage', of: 'protocol' }, 'done'],
  ['503', { kind: 'respond', status: 503 }, 'not done'],
  ['504 with Retry-After', { kind: 'respond', status: 504, retryAfterSeconds: 1 }, 'not done'],
];

describe.each(faults)('writer, on real sockets: %s', (_what, action, outcome) => {
  it('a node is cordoned once, whether or not the first call was done', async () => {
    const faulty = await started();
    faulty.cluster.faults.add({ methods: ['PATCH'], times: 1, action });
    const change = { unschedulable: true, addTaints: [TAINT], labels: { a: 'b' } };
    expect(await again(faulty, (writer) => writer.changeNode('node-0', change))).toEqual({ result: true, tries: 2 });
    expect(faulty.asked.filter((one) => one === 'patch nodes')).toHaveLength(outcome === 'done' ? 2 : 1);
    const { nodes } = await faulty.lister.read(0);
    expect(nodes.map((node) => [node.name, node.unschedulable, node.labels.a])).toEqual([
      ['node-0', true, 'b'],
      ['node-1', false, undefined],
    ]);
    expect(nodes[0]?.taints.filter((taint) => taint.key === TAINT.key)).toHaveLength(1);
  });

  it('an eviction takes one pod, once, and spends its budget once', async () => {
    const faulty = await started();
    faulty.addBudget('web', 2);
    for (const name of ['web-1', 'web-2', 'web-3']) faulty.addPod(name, 'node-0', { app: 'web' }, 30);
    faulty.pass(10_000);
    const fault = faulty.cluster.faults.add({ methods: ['POST'], path: /eviction/, times: 1, action });
    const uid = faulty.uidOf('pods', 'web-1');
    const evict = (name: string) => (writer: ClusterWriter) =>
      writer.evictPod('default', name, faulty.uidOf('pods', name), null);
    expect(await again(faulty, (writer) => writer.evictPod('default', 'web-1', uid, null))).toEqual({
      result: 'evicted',
      tries: 2,
    });
    expect(fault.hits()).toBe(1);
    expect((await again(faulty, evict('web-2'))).result).toBe('blocked');
    faulty.pass(60_000);
    // Its name is taken by another pod, which nobody meant.
    faulty.addPod('web-1', 'node-1', { app: 'web' }, 30);
    expect((await again(faulty, (writer) => writer.evictPod('default', 'web-1', uid, null))).result).toBe('gone');
    const { pods } = await faulty.lister.read(0);
    expect(pods.filter((pod) => pod.labels.app === 'web').map((pod) => [pod.name, pod.terminating])).toEqual([
      ['web-1', false],
      ['web-2', false],
      ['web-3', false],
    ]);
  });

  it('a pod and a node are deleted, and nothing else', async () => {
    const faulty = await started();
    faulty.cluster.faults.add({ methods: ['DELETE'], path: /\/pods\//, times: 1, action });
    faulty.cluster.faults.add({ methods: ['DELETE'], path: /\/nodes\//, times: 1, action });
    const uid = faulty.uidOf('pods', 'first');
    expect((await again(faulty, (writer) => writer.deletePod('default', 'first', uid))).tries).toBe(2);
    expect((await again(faulty, (writer) => writer.deleteNode('node-0'))).tries).toBe(2);
    const { nodes, pods } = await faulty.lister.read(0);
    expect([nodes.map((node) => node.name), pods.map((pod) => pod.name)]).toEqual([['node-1'], ['second']]);
  });
});

it('writer, on real sockets: a server that asks for patience (429) holds an eviction back as a budget does', async () => {
  const faulty = await started();
  faulty.cluster.faults.add({ times: 1, action: { kind: 'respond', status: 429, retryAfterSeconds: 5 } });
  const uid = faulty.uidOf('pods', 'first');
  expect(await faulty.writer.evictPod('default', 'first', uid, null)).toBe('blocked');
  expect(await faulty.writer.evictPod('default', 'first', uid, null)).toBe('evicted');
});
