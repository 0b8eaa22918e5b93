import { badRequest, conflict, invalid, notFound, staleVersion, unsupportedMediaType } from '../objects/errors.ts';
import { isJsonObject, type JsonObject } from '../objects/json.ts';
import { apiVersionOf, type Kind } from '../objects/kinds.ts';
import type { ObjectMeta, PodObject, StoredObject } from '../objects/objects.ts';
import { StoredEntry } from '../store/entry.ts';
import type { Draft, Registry } from '../store/registry.ts';
import { type DecodedObject, decodeObject, parseJson, parseJsonObject, validated } from './decode.ts';
import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { ensurePodUpdateAllowed } from './pod-update.ts';
import type { ApiRequest, JsonReply } from './request.ts';
import type { ResourceRoute } from './route.ts';
import { entryReply } from './serialize.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

const PATCHES: Readonly<Record<string, (target: JsonObject, body: string) => unknown>> = {
  'application/json-patch+json': (target, body) => applyJsonPatch(target, parseJson(body)),
  'application/merge-patch+json': (target, body) => applyMergePatch(target, parsePatchObject(body)),
  'application/strategic-merge-patch+json': (target, body) => applyStrategicMergePatch(target, parsePatchObject(body)),
};

function parsePatchObject(body: string): JsonObject {
  const patch = parseJson(body);
  if (!isJsonObject(patch)) throw badRequest('error decoding patch: it is not an object');
  return patch;
}

/** The target with the patch of the request's media type applied. */
export function patched(target: JsonObject, request: ApiRequest): JsonObject {
  const apply = PATCHES[request.contentType.split(';')[0]?.trim() ?? ''];
  if (apply === undefined) throw unsupportedMediaType(Object.keys(PATCHES));
  const result = apply(target, request.body) as JsonObject;
  if (!isJsonObject(result)) throw badRequest('the patched document is not an object');
  return result;
}

export function isDryRun(query: URLSearchParams): boolean {
  return query.get('dryRun') === 'All';
}

/** The stored entry that a route with a name is about; 404 when there is none. */
export function entryAt(registry: Registry, route: ResourceRoute): StoredEntry {
  const name = route.name ?? '';
  const entry = registry.store.collection(route.kind.name).get(route.namespace, name);
  if (entry === undefined) throw notFound(route.kind, name);
  return entry;
}

export function createObject(registry: Registry, route: ResourceRoute, request: ApiRequest): JsonReply {
  const { kind } = route;
  const decoded = decodeObject(kind, parseJsonObject(request.contentType, request.body));
  const { name, generateName, namespace = route.namespace, resourceVersion } = decoded.metadata;
  if (kind.namespaced && namespace !== route.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (resourceVersion !== undefined && resourceVersion !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  const object = validated(kind, decoded);
  if (name === undefined && generateName === undefined) {
    const message = 'Required value: name or generateName is required';
    throw invalid(kind, '', [{ reason: 'FieldValueRequired', message, field: 'metadata.name' }]);
  }
  const draft: Draft = { ...object, metadata: withoutServerFields(object.metadata, route) };
  const dryRun = isDryRun(request.query);
  const entry = dryRun ? new StoredEntry(registry.draft(kind.name, draft), 0) : registry.create(kind.name, draft);
  return entryReply(201, kind, entry);
}

/** Only the server says these; what a client puts there is ignored. */
function withoutServerFields(metadata: JsonObject, route: ResourceRoute): Partial<ObjectMeta> {
  const {
    uid: _uid,
    creationTimestamp: _created,
    deletionTimestamp: _deleted,
    deletionGracePeriodSeconds: _grace,
    generation: _generation,
    resourceVersion: _version,
    ...kept
  } = metadata;
  return { ...kept, ...(route.kind.namespaced && { namespace: route.namespace }) } as Partial<ObjectMeta>;
}

export function updateObject(registry: Registry, route: ResourceRoute, request: ApiRequest): JsonReply {
  const present = entryAt(registry, route);
  const next = decodeObject(route.kind, parseJsonObject(request.contentType, request.body));
  if (next.metadata.resourceVersion === undefined && !route.kind.unconditionalUpdate) {
    const message = 'Invalid value: 0x0: must be specified for an update';
    throw invalid(route.kind, route.name ?? '', [
      { reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' },
    ]);
  }
  return replaceObject(registry, route, present, next, isDryRun(request.query));
}

export function patchObject(registry: Registry, route: ResourceRoute, request: ApiRequest): JsonReply {
  const { kind } = route;
  const present = entryAt(registry, route);
  const target = { kind: kind.kind, apiVersion: apiVersionOf(kind), ...present.object };
  const next = decodeObject(kind, patched(target, request));
  return replaceObject(registry, route, present, next, isDryRun(request.query));
}

function replaceObject(
  registry: Registry,
  route: ResourceRoute,
  present: StoredEntry,
  next: DecodedObject,
  dryRun: boolean,
): JsonReply {
  const { kind } = route;
  ensureSameObject(kind, present, next.metadata);
  const merged = merge(route, present.object, validated(kind, next));
  if (kind.name === 'pods' && route.subresource === null) {
    ensurePodUpdateAllowed(present.object as unknown as PodObject, merged as unknown as PodObject);
  }
  if (dryRun) {
    return entryReply(200, kind, new StoredEntry(registry.prepared(kind.name, present.object, merged), 0));
  }
  return entryReply(200, kind, registry.update(kind.name, merged));
}

/** Throws when the metadata of a request is about another object, or an older state of it. */
export function ensureSameObject(kind: Kind, present: StoredEntry, metadata: JsonObject): void {
  const { name, namespace = '', uid } = present.object.metadata;
  if (metadata.name !== undefined && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (metadata.namespace !== undefined && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (metadata.uid !== undefined && metadata.uid !== uid) {
    const why = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`;
    throw conflict(kind, name, why);
  }
  const version = metadata.resourceVersion;
  if (version !== undefined && version !== '' && version !== String(present.revision)) throw staleVersion(kind, name);
}

/** What the client may change, on top of what it may not: the status has its own path, where it has one. */
function merge(route: ResourceRoute, present: StoredObject, next: DecodedObject): StoredObject {
  const hasStatusPath = route.kind.subresources.includes('status');
  if (route.subresource === 'status') {
    const { status: _before, ...rest } = present;
    return withStatus(rest as StoredObject, next.status as JsonObject | undefined);
  }
  const { uid, resourceVersion, generation, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds } =
    present.metadata;
  const kept = {
    ...withoutServerFields(next.metadata, route),
    name: present.metadata.name,
    uid,
    resourceVersion,
    creationTimestamp,
    ...(generation !== undefined && { generation }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }),
  };
  const { status, ...rest } = next;
  const merged = { ...rest, metadata: kept } as StoredObject;
  return withStatus(merged, hasStatusPath ? present.status : (status as JsonObject | undefined));
}

function withStatus(object: StoredObject, status: JsonObject | undefined): StoredObject {
  return status === undefined ? object : { ...object, status };
}
