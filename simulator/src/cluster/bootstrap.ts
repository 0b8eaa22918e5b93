import { registerNode, setNodeReady } from './controllers/node-registration.ts';
import { quantitiesOf } from './objects/pod-requests.ts';
import type { DaemonPod } from './options.ts';
import type { Registry } from './store/registry.ts';

const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

const CONTROL_PLANE_ROLE = 'node-role.kubernetes.io/control-plane';

export function createNamespaces(registry: Registry, others: readonly string[]): void {
  for (const name of [...NAMESPACES, ...others]) registry.create('namespaces', { metadata: { name } });
}

/** The UID of kube-system: what tells this cluster from every other. */
export function clusterIdOf(registry: Registry): string {
  return registry.store.get('namespaces', '', 'kube-system')?.metadata.uid ?? '';
}

export function createControlPlaneNode(registry: Registry): void {
  const name = 'control-plane-0';
  const node = {
    name,
    providerId: `simulated://control-plane/${name}`,
    labels: { [CONTROL_PLANE_ROLE]: '' },
    taints: [{ key: CONTROL_PLANE_ROLE, effect: 'NoSchedule' as const }],
    allocatable: { cpuMillicores: 4000, memoryBytes: 8 * 2 ** 30, pods: 110, gpus: 0 },
    arch: 'amd64',
    os: 'linux',
  };
  if (registerNode(registry, node, 0)) setNodeReady(registry, name, 'True');
}

/** One DaemonSet per daemon pod; on the control plane too. */
export function createDaemonSets(registry: Registry, daemonPods: readonly DaemonPod[]): void {
  for (const { name, requests } of daemonPods) {
    const labels = { app: name };
    const resources = { requests: quantitiesOf({ ...requests, pods: 0, gpus: 0 }) };
    registry.create('daemonsets', {
      metadata: { name, namespace: 'kube-system' },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [{ name, image: `registry.invalid/${name}:1`, resources }],
            tolerations: [{ operator: 'Exists' }],
          },
        },
      },
    });
  }
}
