import type { GcpMachinesConfig, OfferingConfig } from '@forescale/shared/config';
import { ProviderError } from '../errors.ts';
import type { Machine, MachineRequest } from '../port.ts';
import type { Instance } from './answers.ts';
import { instanceName, isZone, LABELS, labelsOf, lastOf, machineId, providerIdOf, regionOf } from './names.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** Deleted with its disk when it is taken back: nothing is left that costs and serves nobody. */
const SPOT = {
  provisioningModel: 'SPOT',
  instanceTerminationAction: 'DELETE',
  automaticRestart: false,
  onHostMaintenance: 'TERMINATE',
} as const;

/** The body of `instances.insert`, without user data. Throws `ProviderError` where the request is none for this cloud. */
export function instanceBody(machines: GcpMachinesConfig, request: MachineRequest) {
  const zone = zoneOf(request.offering);
  const { instanceType, capacityType } = request.offering;
  const subnetwork = machines.subnetworks[regionOf(zone)];
  return {
    name: instanceName(request.nodeName),
    machineType: `zones/${zone}/machineTypes/${instanceType}`,
    labels: { ...machines.labels, ...labelsOf(request) },
    disks: [
      {
        boot: true,
        autoDelete: true,
        initializeParams: {
          sourceImage: machines.image,
          diskSizeGb: String(machines.diskGb),
          diskType: `zones/${zone}/diskTypes/${machines.diskType}`,
        },
      },
    ],
    networkInterfaces: [
      {
        ...(subnetwork === undefined ? { network: machines.network } : { subnetwork }),
        ...(machines.publicIp && { accessConfigs: [{ type: 'ONE_TO_ONE_NAT', name: 'External NAT' }] }),
      },
    ],
    ...(capacityType === 'spot' && { scheduling: SPOT }),
    ...(machines.networkTags.length > 0 && { tags: { items: machines.networkTags } }),
    ...(machines.serviceAccount !== null && { serviceAccounts: [{ email: machines.serviceAccount, scopes: [SCOPE] }] }),
  };
}

export function zoneOf({ zone, region }: Pick<OfferingConfig, 'zone' | 'region'>): string {
  if (!isZone(zone))
    throw new ProviderError('config', `offering zone = "${zone}": allowed: a zone such as us-central1-a`);
  if (regionOf(zone) === region) return zone;
  throw new ProviderError('config', `offering region = "${region}": allowed: the region of zone ${zone}`);
}

/** Null: gone as far as the port knows. */
export function machineOf(project: string, instance: Instance, group: string | null = null): Machine {
  const { name, labels } = instance;
  const zone = lastOf(instance.zone);
  return {
    id: machineId(zone, name),
    providerId: providerIdOf(project, zone, name),
    requestId: labels[LABELS.request] ?? '',
    nodeName: labels[LABELS.node] ?? name,
    pool: labels[LABELS.pool] ?? '',
    state: stateOf(instance.status),
    createdMs: instance.creationTimestamp,
    place: { provider: '', region: regionOf(zone) },
    group,
  };
}

/** A machine that somebody has stopped is there, and its disk costs: it counts as running, until it is removed. */
export function stateOf(status: string): Machine['state'] {
  if (['PROVISIONING', 'STAGING', 'PENDING'].includes(status)) return 'starting';
  return ['STOPPING', 'PENDING_STOP', 'DEPROVISIONING'].includes(status) ? 'terminating' : 'running';
}
