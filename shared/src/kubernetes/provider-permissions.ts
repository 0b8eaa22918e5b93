import type { SingleProviderConfig } from '../config/index.ts';
import type { NeededPermission } from './permissions.ts';

/** A right as a table of them says it: what is absent is '' or `fail`. */
export type Row = Partial<NeededPermission> & Pick<NeededPermission, 'verb' | 'resource' | 'without'>;

type Config<Kind extends SingleProviderConfig['kind']> = Extract<SingleProviderConfig, { kind: Kind }>;

const BUFFERS = 'autoscaling.x-k8s.io';
const CLUSTER_API = 'cluster.x-k8s.io';

/** What a provider that lives in the cluster asks of it for a pool; of the cluster that is scaled only. */
export function providerRights(provider: SingleProviderConfig, pool: string, enforces: boolean): Row[] {
  if (provider.kind === 'buffer') return bufferRights(provider, pool, enforces);
  if (provider.kind === 'clusterapi' && provider.kubeconfig === null) return clusterApiRights(provider, enforces);
  return [];
}

function bufferRights({ api, namespace }: Config<'buffer'>, pool: string, enforces: boolean): Row[] {
  const name = `forescale-${pool}`;
  const unread = `whether room is held for pool ${pool} is not known, and nothing is held`;
  const unheld = `no room is held for pool ${pool}`;
  const rows: Row[] = [];
  const objects: { readonly group: string; readonly resource: string }[] = [];
  if (api !== 'capacity_buffer') objects.push({ group: 'apps', resource: 'deployments' });
  if (api !== 'placeholders')
    objects.push({ group: BUFFERS, resource: 'capacitybuffers' }, { group: '', resource: 'podtemplates' });
  for (const object of objects) {
    rows.push({ ...object, verb: 'get', namespace, name, without: unread });
    if (!enforces) continue;
    rows.push({ ...object, verb: 'create', namespace, without: unheld });
    rows.push({ ...object, verb: 'patch', namespace, name, without: unheld });
  }
  if (!enforces || api === 'capacity_buffer') return rows;
  const classes = { group: 'scheduling.k8s.io', resource: 'priorityclasses' };
  const placeholder = { name: 'forescale-placeholder', without: 'placeholder pods would not yield to others' };
  rows.push({ ...classes, ...placeholder, verb: 'get' });
  rows.push({ ...classes, verb: 'create', without: placeholder.without });
  const doubled = 'pods go on holding room beside the CapacityBuffers that a cluster has got';
  if (api === 'auto')
    rows.push({ group: 'apps', resource: 'deployments', verb: 'delete', namespace, name, without: doubled });
  return rows;
}

/** The same in every management cluster, whichever that is. */
export function clusterApiRights({ namespace, groups }: Config<'clusterapi'>, enforces: boolean): Row[] {
  const machines = { group: CLUSTER_API, resource: 'machines', namespace };
  const rows: Row[] = [{ ...machines, verb: 'list', without: 'members of groups are not seen, and nothing is bought' }];
  if (!enforces) return rows;
  rows.push({ ...machines, verb: 'get', without: 'no machine is removed' });
  rows.push({ ...machines, verb: 'patch', without: 'machines cannot be marked, and none is removed' });
  for (const { kind, name } of groups) {
    const resource = kind === 'machine_pool' ? 'machinepools' : 'machinedeployments';
    const group = { group: CLUSTER_API, resource, namespace, name };
    rows.push({ ...group, verb: 'get', without: `the size of ${name} is not known, and nothing is bought` });
    rows.push({ ...group, subresource: 'scale', verb: 'patch', without: `${name} cannot be resized` });
  }
  return rows;
}
