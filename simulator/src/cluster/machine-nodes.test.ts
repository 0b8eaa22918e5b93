import { describe, expect, it } from 'vitest';
import type { CreateRequest } from '../cloud/machine.ts';
import { Lab, SMALL, SPOT } from './lab.ts';
import { findCondition, type NodeObject } from './objects/objects.ts';

function request(name: string, change: Partial<CreateRequest> = {}): CreateRequest {
  const rest = { clusterTag: 'c', pool: 'web', labels: { role: 'web' }, offering: SPOT };
  const taints = [{ key: 'dedicated', value: 'web', effect: 'NoSchedule' }] as const;
  return { token: name, requestId: name, nodeName: name, taints, ...rest, ...change };
}

function readyOf(node: NodeObject | undefined): string | undefined {
  return findCondition(node?.status.conditions, 'Ready')?.status;
}

describe('machines as nodes', () => {
  it('join when they have booted, with labels and taints, and are Ready a little later', () => {
    const it = new Lab({ timing: { nodeReadyMs: 5_000 } });
    const { providerId } = it.cluster.cloud.create(request('node-1'));
    it.pass(29_999);
    expect(it.nodes()).toEqual([]);
    it.pass(1);
    const node = it.node('node-1');
    expect(readyOf(node)).toBe('False');
    expect(node?.spec.providerID).toBe(providerId);
    expect(providerId).toMatch(/^simulated:\/\/a\/sim-\d+$/);
    expect(node?.metadata.labels).toEqual({
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': 'node-1',
      'kubernetes.io/os': 'linux',
      'karpenter.sh/capacity-type': 'spot',
      'node.kubernetes.io/instance-type': 'small',
      'topology.kubernetes.io/region': 'local',
      'topology.kubernetes.io/zone': 'a',
      role: 'web',
    });
    expect(node?.spec.taints?.map(({ key }) => key)).toContain('node.kubernetes.io/not-ready');
    it.pass(5_000);
    expect(readyOf(it.node('node-1'))).toBe('True');
    expect(it.node('node-1')?.spec.taints?.map(({ key }) => key)).toEqual(['dedicated']);
  });

  it('leave their node behind when they go: unreachable after a while, its pods replaced after 5 min', () => {
    const it = new Lab({ initialNodes: [{ offering: SMALL, count: 1 }], timing: { nodeMonitorGraceMs: 40_000 } });
    it.addPod('pod', '1');
    it.pass(5_000);
    const [machine] = it.cluster.cloud.list();
    it.cluster.cloud.terminate(machine?.id ?? '');
    it.pass(39_999);
    expect(readyOf(it.node('node-0'))).toBe('True');
    it.pass(1);
    expect(readyOf(it.node('node-0'))).toBe('Unknown');
    expect(findCondition(it.pod('pod')?.status.conditions, 'Ready')?.status).toBe('False');
    it.pass(299_999);
    expect(it.pod('pod')?.metadata.deletionTimestamp).toBeUndefined();
    it.pass(1);
    expect(it.pod('pod')?.metadata.deletionTimestamp).toBeDefined();
    it.pass(3_600_000);
    expect(it.pod('pod')).toBeDefined();
    it.delete('/api/v1/nodes/node-0');
    expect(it.pods()).toEqual([]);
  });

  it('take their node along where there is a cloud controller', () => {
    const it = new Lab({ initialNodes: [{ offering: SMALL, count: 1 }], cloudController: true });
    it.cluster.cloud.terminate(it.cluster.cloud.list()[0]?.id ?? '');
    it.pass(40_000);
    expect(it.nodes()).toEqual([]);
  });

  it('do not join under a name that is taken', () => {
    const it = new Lab({ initialNodes: [{ offering: SMALL, count: 1 }] });
    const machine = it.cluster.cloud.create(request('node-0'));
    it.pass(60_000);
    expect(it.nodes()).toHaveLength(1);
    it.cluster.cloud.terminate(machine.id);
    it.pass(60_000);
    expect(readyOf(it.node('node-0'))).toBe('True');
  });

  it('do not touch a new node of the name of an old one', () => {
    const it = new Lab();
    const { id } = it.cluster.cloud.create(request('node-1'));
    it.pass(60_000);
    it.cluster.cloud.terminate(id);
    it.delete('/api/v1/nodes/node-1');
    it.cluster.cloud.create(request('again', { nodeName: 'node-1' }));
    it.pass(120_000);
    expect(readyOf(it.node('node-1'))).toBe('True');
    it.addPod('pod', '1', { tolerations: [{ operator: 'Exists' }] });
    it.pass(2_000);
    expect(it.pod('pod')?.status.phase).toBe('Running');
  });
});
