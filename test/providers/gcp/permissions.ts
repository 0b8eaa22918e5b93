import type { Call } from './facts.ts';

/** What Google's documentation says that a method needs, for the parts of the request that need it. */
export function permissionsOf({ method, body }: Call): readonly string[] {
  if (method === 'compute.instances.insert') return insertPermissions(body as InsertBody);
  return BY_METHOD[method.replace('compute.regionInstanceGroupManagers', 'compute.instanceGroupManagers')] ?? [];
}

const BY_METHOD: Readonly<Record<string, readonly string[]>> = {
  'compute.instances.get': ['compute.instances.get'],
  'compute.instances.delete': ['compute.instances.delete'],
  'compute.instances.aggregatedList': ['compute.instances.list'],
  'compute.zoneOperations.wait': ['compute.zoneOperations.get'],
  'compute.zoneOperations.list': ['compute.zoneOperations.list'],
  'compute.regionOperations.wait': ['compute.regionOperations.get'],
  'compute.instanceGroupManagers.get': ['compute.instanceGroupManagers.get'],
  'compute.instanceGroupManagers.listManagedInstances': ['compute.instanceGroupManagers.get'],
  'compute.instanceGroupManagers.listErrors': ['compute.instanceGroupManagers.get'],
  'compute.instanceGroupManagers.resize': ['compute.instanceGroupManagers.update'],
  'compute.instanceGroupManagers.deleteInstances': ['compute.instanceGroupManagers.update'],
  'container.clusterManager.getNodePool': ['container.clusters.get'],
};

interface InsertBody {
  readonly labels?: object;
  readonly metadata?: object;
  readonly tags?: object;
  readonly serviceAccounts?: readonly object[];
  readonly networkInterfaces: readonly { readonly accessConfigs?: readonly object[] }[];
}

function insertPermissions(body: InsertBody): readonly string[] {
  const { labels, metadata, tags, serviceAccounts, networkInterfaces } = body;
  return [
    'compute.instances.create',
    'compute.disks.create',
    'compute.subnetworks.use',
    // An image of a project of one's own; Google's are everybody's.
    'compute.images.useReadOnly',
    ...(labels ? ['compute.instances.setLabels'] : []),
    ...(metadata ? ['compute.instances.setMetadata'] : []),
    ...(tags ? ['compute.instances.setTags'] : []),
    ...(serviceAccounts ? ['compute.instances.setServiceAccount', 'iam.serviceAccounts.actAs'] : []),
    ...(networkInterfaces.some(({ accessConfigs }) => accessConfigs) ? ['compute.subnetworks.useExternalIp'] : []),
  ];
}
