import { badRequest, invalid } from '../objects/errors.ts';
import { isJsonObject, type JsonObject } from '../objects/json.ts';
import type { ReplicatedObject } from '../objects/objects.ts';
import { selectorText } from '../objects/selectors.ts';
import type { StoredEntry } from '../store/entry.ts';
import type { Registry } from '../store/registry.ts';
import type { Verb } from './authorizer.ts';
import { parseJsonObject } from './decode.ts';
import { type ApiRequest, type JsonReply, jsonReply } from './request.ts';
import type { ResourceRoute } from './route.ts';
import { ensureSameObject, entryAt, isDryRun, patched } from './writes.ts';

/** The `autoscaling/v1` view of what has replicas: its replicas and nothing else. */
function scaleOf(entry: StoredEntry): JsonObject {
  const { metadata, spec, status } = entry.object as unknown as ReplicatedObject;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec.replicas ?? 1 },
    status: { replicas: status?.replicas ?? 0, selector: selectorText(spec.selector ?? {}) },
  };
}

export function handleScale(registry: Registry, route: ResourceRoute, verb: Verb, request: ApiRequest): JsonReply {
  const present = entryAt(registry, route);
  if (verb === 'get') return jsonReply(200, scaleOf(present));
  const scale =
    verb === 'patch' ? patched(scaleOf(present), request) : parseJsonObject(request.contentType, request.body);
  if (scale.kind !== undefined && scale.kind !== 'Scale')
    throw badRequest(`${scale.kind} cannot be handled as a Scale`);
  ensureSameObject(route.kind, present, isJsonObject(scale.metadata) ? scale.metadata : {});
  ensureKnown(scale, request);
  // A spec without replicas asks for none, as zero is left out on the wire.
  const { replicas = 0 } = isJsonObject(scale.spec) ? scale.spec : {};
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) {
    throw badRequest('Scale in version "autoscaling/v1" cannot be handled as a Scale: spec.replicas: expected int');
  }
  if (replicas < 0) {
    const message = `Invalid value: ${replicas}: must be greater than or equal to 0`;
    throw invalid(route.kind, route.name ?? '', [{ reason: 'FieldValueInvalid', message, field: 'spec.replicas' }]);
  }
  if (isDryRun(request.query)) return jsonReply(200, { ...scaleOf(present), spec: { replicas } });
  const { object } = present;
  return jsonReply(200, scaleOf(registry.update(route.kind.name, { ...object, spec: { ...object.spec, replicas } })));
}

/** Who asks for it is told of fields that a Scale does not have, which would else do nothing. */
function ensureKnown({ spec }: JsonObject, { query }: ApiRequest): void {
  if (query.get('fieldValidation') !== 'Strict' || !isJsonObject(spec)) return;
  const unknown = Object.keys(spec).find((key) => key !== 'replicas');
  if (unknown !== undefined) throw badRequest(`strict decoding error: unknown field "spec.${unknown}"`);
}
