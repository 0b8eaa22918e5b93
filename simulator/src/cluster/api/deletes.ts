import { ApiError, badRequest, conflict, successStatus } from '../objects/errors.ts';
import { isJsonObject, type JsonObject } from '../objects/json.ts';
import type { Kind } from '../objects/kinds.ts';
import type { StoredObject } from '../objects/objects.ts';
import { parseSelectors } from '../objects/selectors.ts';
import type { Registry } from '../store/registry.ts';
import { parseJsonObject } from './decode.ts';
import { listReply } from './list.ts';
import { type ApiRequest, type JsonReply, jsonReply } from './request.ts';
import type { ResourceRoute } from './route.ts';
import { entryReply } from './serialize.ts';
import { entryAt, isDryRun } from './writes.ts';

/** `DeleteOptions`, from the body or, as older clients do, the query. */
export interface DeleteOptions {
  readonly graceSeconds: number | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly dryRun: boolean;
}

export function deleteOptionsOf(body: JsonObject, query: URLSearchParams): DeleteOptions {
  const grace = body.gracePeriodSeconds ?? numberOrUndefined(query.get('gracePeriodSeconds'));
  if (grace !== undefined && grace !== null && !(typeof grace === 'number' && grace >= 0)) {
    throw badRequest(`gracePeriodSeconds: Invalid value: ${JSON.stringify(grace)}: must be a non-negative number`);
  }
  const preconditions = isJsonObject(body.preconditions) ? body.preconditions : {};
  const dryRun = isDryRun(query) || (Array.isArray(body.dryRun) && body.dryRun.includes('All'));
  return {
    graceSeconds: grace ?? undefined,
    uid: stringOrUndefined(preconditions.uid),
    resourceVersion: stringOrUndefined(preconditions.resourceVersion),
    dryRun,
  };
}

function stringOrUndefined(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOrUndefined(text: string | null): number | undefined {
  return text === null || text === '' ? undefined : Number(text);
}

/** Throws 409 when the object is not the one that the caller meant. */
export function ensurePreconditions(kind: Kind, object: StoredObject, options: DeleteOptions): void {
  const { name, uid, resourceVersion } = object.metadata;
  const checks = [
    ['UID', options.uid, uid],
    ['ResourceVersion', options.resourceVersion, resourceVersion],
  ] as const;
  for (const [what, wanted, actual] of checks) {
    if (wanted === undefined || wanted === actual) continue;
    const why = `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${actual}`;
    throw conflict(kind, name, why);
  }
}

export function deleteObject(registry: Registry, route: ResourceRoute, request: ApiRequest): JsonReply {
  const { kind } = route;
  const { object } = entryAt(registry, route);
  const body = request.body === '' ? {} : parseJsonObject(request.contentType, request.body);
  const options = deleteOptionsOf(body, request.query);
  ensurePreconditions(kind, object, options);
  if (kind.name === 'namespaces' && PERMANENT_NAMESPACES.has(object.metadata.name)) {
    throw new ApiError(
      403,
      'Forbidden',
      `namespaces "${object.metadata.name}" is forbidden: this namespace may not be deleted`,
    );
  }
  if (options.dryRun) return entryReply(200, kind, entryAt(registry, route));
  const { entry, gone } = registry.delete(kind.name, object, options.graceSeconds);
  if (kind.name === 'pods' || !gone) return entryReply(200, kind, entry);
  const { name, uid } = object.metadata;
  return jsonReply(200, successStatus({ name, ...(kind.group !== '' && { group: kind.group }), kind: kind.name, uid }));
}

const PERMANENT_NAMESPACES: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/** Deletes what a list with the same selectors shows, and answers with that list. */
export function deleteCollection(registry: Registry, route: ResourceRoute, request: ApiRequest): JsonReply {
  const { kind, namespace } = route;
  const body = request.body === '' ? {} : parseJsonObject(request.contentType, request.body);
  const options = deleteOptionsOf(body, request.query);
  const labelSelector = request.query.get('labelSelector') ?? '';
  const fieldSelector = request.query.get('fieldSelector') ?? '';
  const matches = parseSelectors(kind.name, labelSelector, fieldSelector);
  const reply = listReply(registry.store, kind, namespace, new URLSearchParams({ labelSelector, fieldSelector }));
  for (const { object } of registry.store.collection(kind.name).entries(namespace)) {
    if (options.dryRun || (matches !== null && !matches(object))) continue;
    registry.delete(kind.name, object, options.graceSeconds);
  }
  return reply;
}
