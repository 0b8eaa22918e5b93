import { describe, expect, it } from 'vitest';
import { KubernetesRefusedError } from './index.ts';
import { parseNode, parsePod } from './parse-objects.ts';

const GIB = 2 ** 30;
const metadata = { name: 'x', namespace: 'default', uid: 'u-1', creationTimestamp: '2026-11-24T10:00:00Z' };
const CREATED_MS = Date.parse(metadata.creationTimestamp);

const asks = (cpu: string, memory?: string) => ({ resources: { requests: { cpu, ...(memory && { memory }) } } });
const sidecar = (cpu: string) => ({ ...asks(cpu), restartPolicy: 'Always' });
const pod = (spec: object, rest: object = {}) => parsePod({ metadata, spec, status: { phase: 'Running' }, ...rest });

describe('pods: what the scheduler reserves, in millicores', () => {
  it.each<[what: string, spec: object, cpuMillicores: number]>([
    ['nothing, for best effort', { containers: [{}, { resources: {} }] }, 0],
    ['the sum of the containers', { containers: [asks('250m'), asks('1')] }, 1_250],
    ['a fraction, rounded up', { containers: [asks('0.0001')] }, 1],
    [
      'the largest init container where that is more',
      { initContainers: [asks('2'), asks('3')], containers: [asks('1')] },
      3_000,
    ],
    [
      'the containers where they are more',
      { initContainers: [asks('2')], containers: [asks('1'), asks('1.5')] },
      2_500,
    ],
    ['a sidecar beside the containers', { initContainers: [sidecar('500m')], containers: [asks('1')] }, 1_500],
    [
      'a sidecar beside the init containers after it',
      { initContainers: [sidecar('500m'), asks('2')], containers: [asks('1')] },
      2_500,
    ],
    [
      'no sidecar beside the init containers before it',
      { initContainers: [asks('2'), sidecar('500m')], containers: [asks('1')] },
      2_000,
    ],
    ['two sidecars beside each other', { initContainers: [sidecar('1'), sidecar('2')], containers: [] }, 3_000],
    [
      'the overhead of the runtime on top',
      { overhead: { cpu: '120m' }, initContainers: [asks('2')], containers: [asks('1')] },
      2_120,
    ],
    [
      'what the pod asks for as a whole, in place of its containers',
      { resources: { requests: { cpu: '3' } }, containers: [asks('1')] },
      3_000,
    ],
    ['nothing for a quantity that is none', { containers: [asks('many'), asks('1')] }, 1_000],
  ])('%s', (_what, spec, cpuMillicores) => {
    expect(pod(spec)?.requests).toMatchObject({ cpuMillicores, pods: 1 });
  });

  it('memory, GPUs and one pod, each resource on its own', () => {
    const gpu = { resources: { requests: { memory: '1Gi', 'nvidia.com/gpu': '2' } } };
    expect(pod({ initContainers: [asks('3', '512Mi')], containers: [gpu, asks('500m', '1.5Gi')] })?.requests).toEqual({
      cpuMillicores: 3_000,
      memoryBytes: 2.5 * GIB,
      pods: 1,
      gpus: 2,
    });
  });

  it('a quantity that was written as a number', () => {
    expect(pod({ containers: [{ resources: { requests: { cpu: 2, memory: 1024 } } }] })?.requests).toMatchObject({
      cpuMillicores: 2_000,
      memoryBytes: 1_024,
    });
  });
});

describe('pods: what they are', () => {
  it("passes over a placeholder: what it holds is everybody's", () => {
    const labelled = { ...metadata, labels: { 'forescale.dev/placeholder': 'web' } };
    expect(
      parsePod({ metadata: labelled, spec: { containers: [asks('1')] }, status: { phase: 'Running' } }),
    ).toBeNull();
  });

  it.each([
    ['Succeeded', null],
    ['Failed', null],
    ['Pending', 'Pending'],
    ['Running', 'Running'],
    ['Unknown', 'Unknown'],
    ['Dreaming', 'Unknown'],
  ])('phase %s', (phase, expected) => {
    expect(pod({ containers: [] }, { status: { phase } })?.phase ?? null).toBe(expected);
  });

  it('a bare minimum has defaults for everything', () => {
    expect(parsePod({ metadata, spec: {} })).toEqual({
      namespace: 'default',
      name: 'x',
      uid: 'u-1',
      createdMs: CREATED_MS,
      nodeName: null,
      phase: 'Pending',
      unschedulable: false,
      terminating: false,
      requests: { cpuMillicores: 0, memoryBytes: 0, pods: 1, gpus: 0 },
      labels: {},
      annotations: {},
      nodeSelector: {},
      tolerations: [],
      rules: null,
      priority: 0,
      ownerKind: null,
      localStorage: false,
    });
  });

  it.each([
    [[{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }], true],
    [[{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }], false],
    [[{ type: 'PodScheduled', status: 'True' }], false],
    [[{ type: 'Ready', status: 'False', reason: 'Unschedulable' }], false],
  ])('conditions %j: unschedulable %s', (conditions, expected) => {
    expect(pod({}, { status: { phase: 'Pending', conditions } })?.unschedulable).toBe(expected);
  });

  it('the controlling owner goes before others', () => {
    const ownerReferences = [{ kind: 'Job' }, { kind: 'ReplicaSet', controller: true }];
    expect(pod({}, { metadata: { ...metadata, ownerReferences } })?.ownerKind).toBe('ReplicaSet');
  });

  it.each([
    [[{ name: 'a', emptyDir: {} }], true],
    [[{ name: 'a', hostPath: { path: '/' } }], true],
    [
      [
        { name: 'a', configMap: {} },
        { name: 'b', persistentVolumeClaim: { claimName: 'c' } },
      ],
      false,
    ],
    [[{ name: 'a', emptyDir: { medium: 'Memory' } }], false],
    [[{ name: 'a', emptyDir: { medium: '', sizeLimit: '1Gi' } }], true],
  ])('volumes %j: local storage %s', (volumes, expected) => {
    expect(pod({ volumes })?.localStorage).toBe(expected);
  });

  it.each([
    ['a,b', false],
    ['b, a', false],
    ['a', true],
    ['', true],
  ])('volumes a and b, of which %j are safe: local storage %s', (safe, expected) => {
    const annotations = { 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes': safe };
    const volumes = [
      { name: 'a', emptyDir: {} },
      { name: 'b', hostPath: { path: '/' } },
    ];
    expect(pod({ volumes }, { metadata: { ...metadata, annotations } })?.localStorage).toBe(expected);
  });

  it('tolerations: absent fields stand for any; what a later Kubernetes adds tolerates nothing', () => {
    const tolerations = [
      { operator: 'Exists' },
      { key: 'a', value: 'b', effect: 'NoExecute' },
      { key: 'a', operator: 'Gt', value: '5' },
      { key: 'a', effect: 'NoSleep' },
    ];
    expect(pod({ tolerations })?.tolerations).toEqual([
      { key: null, operator: 'Exists', value: '', effect: null },
      { key: 'a', operator: 'Equal', value: 'b', effect: 'NoExecute' },
    ]);
  });

  it('is being deleted from the moment that has a time for it', () => {
    expect(pod({}, { metadata: { ...metadata, deletionTimestamp: '2026-11-24T11:00:00Z' } })?.terminating).toBe(true);
  });
});

describe('nodes', () => {
  it('a bare minimum is not Ready and offers nothing', () => {
    expect(parseNode({ metadata })).toMatchObject({
      name: 'x',
      providerId: '',
      ready: false,
      readyChangedMs: CREATED_MS,
      unschedulable: false,
      taints: [],
      allocatable: { cpuMillicores: 0, memoryBytes: 0, pods: 0, gpus: 0 },
    });
  });

  it('all that planning needs', () => {
    const node = parseNode({
      metadata: { ...metadata, labels: { zone: 'a' } },
      spec: {
        providerID: 'cloud://1',
        unschedulable: true,
        taints: [
          { key: 'a', effect: 'NoSchedule' },
          { key: 'b', value: 'c', effect: 'NoSleep' },
        ],
      },
      status: {
        allocatable: { cpu: '3920m', memory: '15Gi', pods: '1k', 'nvidia.com/gpu': '1', 'ephemeral-storage': '5' },
        conditions: [
          { type: 'MemoryPressure', status: 'False' },
          { type: 'Ready', status: 'True', lastTransitionTime: '2026-11-24T10:01:00Z' },
        ],
      },
    });
    expect(node).toMatchObject({
      providerId: 'cloud://1',
      ready: true,
      readyChangedMs: CREATED_MS + 60_000,
      unschedulable: true,
      labels: { zone: 'a' },
      taints: [{ key: 'a', value: '', effect: 'NoSchedule' }],
      allocatable: { cpuMillicores: 3_920, memoryBytes: 15 * GIB, pods: 1_000, gpus: 1 },
    });
  });

  it('why it is not Ready, in so many words, and since when it has its taints', () => {
    const conditionOf = (status: string) => [
      { type: 'Ready', status, reason: 'KubeletNotReady', message: `node is shutting down${'!'.repeat(2_000)}` },
    ];
    const timed = { key: 'a', effect: 'NoExecute', timeAdded: '2026-11-24T10:01:00Z' };
    const taints = [timed, { ...timed, key: 'b', timeAdded: 'yesterday' }];
    const node = parseNode({ metadata, spec: { taints }, status: { conditions: conditionOf('False') } });
    expect(node.notReadyBecause).toMatch(/^KubeletNotReady: node is shutting down!+$/);
    expect(node.notReadyBecause).toHaveLength(1_000);
    expect(node.taints).toEqual([
      { key: 'a', value: '', effect: 'NoExecute', addedMs: CREATED_MS + 60_000 },
      { key: 'b', value: '', effect: 'NoExecute' },
    ]);
    expect(parseNode({ metadata, status: { conditions: conditionOf('True') } }).notReadyBecause).toBe('');
  });

  it.each(['Unknown', 'False'])('Ready = %s is not Ready', (status) => {
    expect(parseNode({ metadata, status: { conditions: [{ type: 'Ready', status }] } }).ready).toBe(false);
  });
});

it.each<[what: string, parse: () => unknown, message: string]>([
  ['a pod without a spec', () => parsePod({ metadata }), 'pod x: spec: '],
  [
    'a time that is none',
    () => parseNode({ metadata: { ...metadata, creationTimestamp: 'soon' } }),
    'node x: metadata.creationTimestamp: ',
  ],
  ['nothing', () => parsePod(null), 'pod: the answer: '],
])('refuses %s by name and field', (_what, parse, message) => {
  expect(parse).toThrow(KubernetesRefusedError);
  expect(parse).toThrow(message);
});
