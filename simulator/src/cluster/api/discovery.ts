import type { JsonObject } from '../objects/json.ts';
import { apiVersionOf, type CustomResources, KINDS, type Kind, versionsOf } from '../objects/kinds.ts';
import { type JsonReply, jsonReply } from './request.ts';

const VERSION: JsonObject = {
  major: '1',
  minor: '33',
  gitVersion: 'v1.33.0+forescale-simulator',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: 'linux/amd64',
};

const SUBRESOURCE_KINDS: Readonly<Record<string, JsonObject>> = {
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction' },
  binding: { kind: 'Binding' },
};

const METRICS_RESOURCES: readonly JsonObject[] = [
  { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
  { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
];

const ACCESS_RESOURCES: readonly JsonObject[] = [
  {
    name: 'selfsubjectaccessreviews',
    singularName: 'selfsubjectaccessreview',
    namespaced: false,
    kind: 'SelfSubjectAccessReview',
    verbs: ['create'],
  },
];

/** The groups and versions that are served, with their resources. */
function served(metrics: boolean, custom: CustomResources): ReadonlyMap<string, readonly JsonObject[]> {
  const groups = new Map<string, JsonObject[]>();
  for (const kind of KINDS) {
    for (const version of versionsOf(kind, custom)) {
      const groupVersion = apiVersionOf({ ...kind, version });
      groups.set(groupVersion, [...(groups.get(groupVersion) ?? []), ...describe(kind)]);
    }
  }
  groups.set('authorization.k8s.io/v1', [...ACCESS_RESOURCES]);
  if (metrics) groups.set('metrics.k8s.io/v1beta1', [...METRICS_RESOURCES]);
  return groups;
}

function describe(kind: Kind): JsonObject[] {
  const { name, namespaced, singular: singularName, shortNames } = kind;
  const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
  const own = { name, singularName, namespaced, kind: kind.kind, verbs, ...(shortNames.length > 0 && { shortNames }) };
  const below = kind.subresources.map((subresource) => ({
    name: `${name}/${subresource}`,
    singularName: '',
    namespaced,
    kind: kind.kind,
    ...SUBRESOURCE_KINDS[subresource],
    verbs: subresource === 'status' || subresource === 'scale' ? ['get', 'patch', 'update'] : ['create'],
  }));
  return [own, ...below];
}

/** A group with all of its versions. As in Kubernetes, one that is preferred may lack some of the group's kinds. */
function groupOf(name: string, groupVersions: readonly string[]): JsonObject {
  const versions = groupVersions
    .filter((one) => one.startsWith(`${name}/`))
    .map((groupVersion) => ({ groupVersion, version: groupVersion.slice(name.length + 1) }));
  return { name, versions, preferredVersion: versions[0] };
}

/** What is served, and which version of Kubernetes this is like; null for a path that says nothing of the kind. */
export function discoveryReply(path: string, metrics: boolean, custom: CustomResources): JsonReply | null {
  const [root = '', ...rest] = path.split('/').filter((part) => part !== '');
  if (root === 'version' && rest.length === 0) return jsonReply(200, VERSION);
  if (root === 'api' && rest.length === 0) return jsonReply(200, { kind: 'APIVersions', versions: ['v1'] });
  const groups = served(metrics, custom);
  const named = [...groups.keys()].filter((groupVersion) => groupVersion.includes('/'));
  if (root === 'apis' && rest.length === 0) {
    const names = new Set(named.map((groupVersion) => groupVersion.split('/')[0] as string));
    const list = [...names].map((name) => groupOf(name, named));
    return jsonReply(200, { kind: 'APIGroupList', apiVersion: 'v1', groups: list });
  }
  if (root === 'apis' && rest.length === 1) {
    const [name = ''] = rest;
    if (!named.some((groupVersion) => groupVersion.startsWith(`${name}/`))) return null;
    return jsonReply(200, { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(name, named) });
  }
  const groupVersion = rest.join('/');
  const resources = root === 'api' || root === 'apis' ? groups.get(groupVersion) : undefined;
  if (resources === undefined || (root === 'api') === groupVersion.includes('/')) return null;
  return jsonReply(200, { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources });
}
