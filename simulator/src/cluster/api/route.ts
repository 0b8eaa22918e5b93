import { noSuchResource } from '../objects/errors.ts';
import { type CustomResources, findKind, type Kind, type Subresource } from '../objects/kinds.ts';

/** A path below `/api/v1` or `/apis/<group>/<version>`, split but not yet looked up. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  /** '' for cluster-wide objects and for lists over all namespaces. */
  readonly namespace: string;
  readonly resource: string;
  readonly name: string | null;
  readonly subresource: string | null;
}

/** A path that names something stored. */
export interface ResourceRoute {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string | null;
  readonly subresource: Subresource | null;
}

/** Null when the path names no resource: discovery, health, or nothing at all. */
export function parseResourcePath(path: string): ResourcePath | null {
  const parts = path.split('/').filter((part) => part !== '');
  const [root, ...rest] = parts;
  if (root === 'api' && rest.length >= 2) return resourcePath('', rest[0] ?? '', rest.slice(1));
  if (root === 'apis' && rest.length >= 3) return resourcePath(rest[0] ?? '', rest[1] ?? '', rest.slice(2));
  return null;
}

function resourcePath(group: string, version: string, rest: readonly string[]): ResourcePath | null {
  // `/namespaces/x/pods/…` is in a namespace, `/namespaces/x` and `/namespaces/x/status` are about one.
  const inside = rest[0] === 'namespaces' && rest.length >= 3 && rest[2] !== 'status' && rest[2] !== 'finalize';
  const namespace = inside ? (rest[1] ?? '') : '';
  const [resource, name = null, subresource = null, ...more] = inside ? rest.slice(2) : rest;
  if (resource === undefined || more.length > 0) return null;
  return { group, version, namespace, resource, name, subresource };
}

/** What is stored under the path; 404 where nothing like it is served. */
export function resolveRoute(path: ResourcePath, custom: CustomResources): ResourceRoute {
  const kind = findKind(path.group, path.version, path.resource, custom);
  if (kind === undefined) throw noSuchResource();
  if (!kind.namespaced && path.namespace !== '') throw noSuchResource();
  if (kind.namespaced && path.name !== null && path.namespace === '') throw noSuchResource();
  const subresource = kind.subresources.find((name) => name === path.subresource) ?? null;
  if (path.subresource !== null && subresource === null) throw noSuchResource();
  return { kind, namespace: path.namespace, name: path.name, subresource };
}
