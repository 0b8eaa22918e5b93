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
