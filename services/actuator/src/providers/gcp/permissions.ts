import type { GcpConfig } from '@forescale/shared/config';
import { isZone } from './names.ts';

const MACHINES = [
  'compute.disks.create',
  'compute.images.useReadOnly',
  'compute.instances.create',
  'compute.instances.delete',
  'compute.instances.get',
  'compute.instances.list',
  'compute.instances.setLabels',
  'compute.subnetworks.use',
  'compute.zoneOperations.get',
  'compute.zoneOperations.list',
];

const GROUPS = [
  'compute.instanceGroupManagers.get',
  'compute.instanceGroupManagers.update',
  'compute.instances.get',
  'compute.instances.list',
  'compute.zoneOperations.list',
];

/** What this configuration needs in its project, and no more; in alphabetical order. */
export function permissionsFor({ machines, gke, instanceGroups }: GcpConfig): readonly string[] {
  if (machines !== null)
    return [
      ...MACHINES,
      ...(machines.join === null ? [] : ['compute.instances.setMetadata']),
      ...(machines.networkTags.length === 0 ? [] : ['compute.instances.setTags']),
      ...(machines.serviceAccount === null ? [] : ['compute.instances.setServiceAccount', 'iam.serviceAccounts.actAs']),
      ...(machines.publicIp ? ['compute.subnetworks.useExternalIp'] : []),
    ].toSorted();
  const isZonal = gke !== null || instanceGroups.some(({ location }) => isZone(location));
  const isRegional = instanceGroups.some(({ location }) => !isZone(location));
  return [
    ...GROUPS,
    ...(isZonal ? ['compute.zoneOperations.get'] : []),
    ...(isRegional ? ['compute.regionOperations.get'] : []),
    ...(gke === null ? [] : ['container.clusters.get']),
  ].toSorted();
}
