/**
 * Objects as an API server shows them: a pod of 5.9 kB and a node of 8 kB, most of which (managed fields, statuses,
 * volumes) nobody here reads. A real cluster's 1,514 pods came to 8.9 MB.
 */
const PADDING = 'f:metadata:f:labels:f:app.kubernetes.io/name:f:spec:f:containers:k:name:main:f:env:';

function managedFields(bytes: number): object[] {
  const fields: Record<string, object> = {};
  for (let i = 0; i * 110 < bytes; i++) fields[`${PADDING}${i}`] = { '.': {}, 'f:x': {} };
  return [{ manager: 'kube-controller-manager', operation: 'Update', apiVersion: 'v1', fieldsV1: fields }];
}

function metadata(name: string, version: number, labels: Record<string, string>, padding: number) {
  return {
    name,
    uid: `00000000-0000-4000-8000-${name}`,
    resourceVersion: String(version),
    creationTimestamp: '2026-03-02T00:00:00Z',
    labels,
    annotations: { 'kubernetes.io/config.source': 'api', 'checksum/config': 'd41d8cd98f00b204e9800998ecf8427e' },
    managedFields: managedFields(padding),
  };
}

export function podJson(index: number, nodes: number, version: number): string {
  const name = `pod-${String(index).padStart(7, '0')}`;
  const container = {
    name: 'main',
    image: 'registry.example/web:1.2.3',
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    env: Array.from({ length: 10 }, (_, i) => ({ name: `VARIABLE_${i}`, value: `value ${i} of ${name}` })),
    volumeMounts: [{ name: 'token', mountPath: '/var/run/secrets', readOnly: true }],
  };
  const condition = { status: 'True', lastProbeTime: null, lastTransitionTime: '2026-03-02T00:00:05Z' };
  return JSON.stringify({
    metadata: {
      ...metadata(name, version, { app: `app-${index % 500}`, 'pod-template-hash': '6d4cf56db6' }, 2_800),
      namespace: 'default',
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true }],
    },
    spec: {
      nodeName: `node-${String(index % nodes).padStart(5, '0')}`,
      containers: [container],
      volumes: [{ name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
      tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }],
      schedulerName: 'default-scheduler',
      priority: 0,
    },
    status: {
      phase: 'Running',
      conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({ type, ...condition })),
      containerStatuses: [{ name: 'main', ready: true, restartCount: 0, imageID: 'sha256:0', containerID: 'x' }],
      podIP: '10.0.0.1',
      qosClass: 'Burstable',
    },
  });
}

export function nodeJson(index: number, version: number): string {
  const name = `node-${String(index).padStart(5, '0')}`;
  const images = Array.from({ length: 30 }, (_, i) => ({
    names: [`registry.example/image:${i}`],
    sizeBytes: 1_000 * i,
  }));
  return JSON.stringify({
    metadata: metadata(name, version, { 'kubernetes.io/hostname': name, role: 'web' }, 3_000),
    spec: { providerID: `cloud:///${name}` },
    status: {
      allocatable: { cpu: '4', memory: '16Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-03-02T00:00:00Z' }],
      images,
    },
  });
}
