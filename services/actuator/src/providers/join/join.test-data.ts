import type { JoinConfig } from '@forescale/shared/config';
import type { MachineRequest } from '../port.ts';

/** A request as the executor makes it. */
export function requestOf(overrides: Partial<MachineRequest> = {}): MachineRequest {
  return {
    requestId: 'web-t3k9p2-4f0az1',
    token: 'web-t3k9p2-4f0az1',
    nodeName: 'web-t3k9p2-4f0az1',
    clusterTag: '6f1c2b1e-0000-4000-8000-000000000001',
    pool: 'web',
    offering: {
      provider: '',
      instanceType: 'cx32',
      region: 'eu-central',
      zone: 'fsn1-dc14',
      capacityType: 'on_demand',
      usdPerHour: 0.0113,
      allocatable: null,
      interruption: null,
    },
    labels: { 'forescale.dev/pool': 'web', 'topology.kubernetes.io/zone': 'fsn1-dc14', empty: '' },
    taints: [
      { key: 'dedicated', value: 'web', effect: 'NoSchedule' },
      { key: 'new', value: '', effect: 'NoExecute' },
    ],
    createdMs: 0,
    groupSize: 1,
    ...overrides,
  };
}

export const K3S_JOIN: Extract<JoinConfig, { kind: 'k3s' }> = {
  kind: 'k3s',
  server: 'https://10.0.0.2:6443',
  version: 'v1.34.1+k3s1',
  tokenFile: '/x',
  args: [],
  installerUrl: 'https://get.k3s.io',
  installerSha256: null,
  downloadUrl: null,
};

export const KUBEADM_JOIN: Extract<JoinConfig, { kind: 'kubeadm' }> = {
  kind: 'kubeadm',
  server: '10.0.0.2:6443',
  tokenFile: '/x',
  caCertHashes: [`sha256:${'a'.repeat(64)}`],
  apiVersion: 'v1beta4',
};
