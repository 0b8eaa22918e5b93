import { isDeepStrictEqual } from 'node:util';
import { badRequest } from '../objects/errors.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../objects/json.ts';

/**
 * Lists whose elements merge by a key, by the name of their field. All other lists are replaced, `taints` and
 * `tolerations` among them: their types declare no merge key.
 */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  addresses: 'type',
  conditions: 'type',
  containers: 'name',
  env: 'name',
  ephemeralContainers: 'name',
  hostAliases: 'ip',
  imagePullSecrets: 'name',
  initContainers: 'name',
  ownerReferences: 'uid',
  podIPs: 'ip',
  ports: 'containerPort',
  topologySpreadConstraints: 'topologyKey',
  volumeDevices: 'devicePath',
  volumeMounts: 'mountPath',
  volumes: 'name',
};

/** Lists of plain values that merge as sets. */
const MERGED_SETS: ReadonlySet<string> = new Set(['finalizers', 'podCIDRs']);

const DELETE_FROM_SET = '$deleteFromPrimitiveList/';
const ELEMENT_ORDER = '$setElementOrder/';

/** Kubernetes' own merge: objects merge, lists merge where their type says by which key, `$patch` steers. */
export function applyStrategicMergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) throw badRequest('a strategic merge patch is an object');
  return mergeObjects(isJsonObject(target) ? target : {}, patch);
}

function mergeObjects(target: JsonObject, patch: JsonObject): JsonObject {
  if (patch.$patch === 'delete') return {};
  if (patch.$patch === 'replace') return withoutDirectives(patch) as JsonObject;
  const merged: Record<string, Json | undefined> = { ...target };
  retainOnly(merged, patch.$retainKeys);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_FROM_SET)) removeFromSet(merged, key.slice(DELETE_FROM_SET.length), value);
    else if (key.startsWith(ELEMENT_ORDER) || key === '$patch' || key === '$retainKeys') continue;
    else if (value === null || value === undefined) delete merged[key];
    else if (isJsonArray(value)) merged[key] = mergeLists(key, merged[key], value);
    else if (isJsonObject(value)) merged[key] = mergeObjects(asObject(merged[key]), value);
    else merged[key] = value;
  }
  for (const [key, order] of Object.entries(patch)) {
    if (key.startsWith(ELEMENT_ORDER)) orderElements(merged, key.slice(ELEMENT_ORDER.length), order);
  }
  return merged;
}

function asObject(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function retainOnly(merged: Record<string, Json | undefined>, keys: Json | undefined): void {
  if (!isJsonArray(keys)) return;
  for (const key of Object.keys(merged)) if (!keys.includes(key)) delete merged[key];
}

function removeFromSet(merged: Record<string, Json | undefined>, field: string, values: Json | undefined): void {
  const present = merged[field];
  if (isJsonArray(present) && isJsonArray(values)) merged[field] = present.filter((item) => !values.includes(item));
}

function mergeLists(field: string, present: Json | undefined, patch: readonly Json[]): readonly Json[] {
  const mergeKey = MERGE_KEYS[field];
  const before = isJsonArray(present) ? present : [];
  if (MERGED_SETS.has(field)) return [...before, ...patch.filter((item) => !before.includes(item))];
  const replaces = patch.some((item) => isJsonObject(item) && item.$patch === 'replace');
  if (mergeKey === undefined || replaces) {
    return patch.filter((item) => !(isJsonObject(item) && item.$patch === 'replace')).map(withoutDirectives);
  }
  return mergeByKey(before, patch, mergeKey);
}

function mergeByKey(before: readonly Json[], patch: readonly Json[], mergeKey: string): readonly Json[] {
  const merged = [...before];
  for (const item of patch) {
    const key = isJsonObject(item) ? item[mergeKey] : undefined;
    if (!isJsonObject(item) || key === undefined) {
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
    }
    const index = merged.findIndex((other) => isJsonObject(other) && isDeepStrictEqual(other[mergeKey], key));
    if (item.$patch === 'delete') {
      if (index >= 0) merged.splice(index, 1);
    } else if (index >= 0) merged[index] = mergeObjects(asObject(merged[index]), item);
    else merged.push(withoutDirectives(item));
  }
  return merged;
}

/** `$setElementOrder/field` lists the merge keys (or values) in the order that the result should have. */
function orderElements(merged: Record<string, Json | undefined>, field: string, order: Json | undefined): void {
  const present = merged[field];
  if (!isJsonArray(present) || !isJsonArray(order)) return;
  const mergeKey = MERGE_KEYS[field] ?? '';
  const keyOf = (item: Json) => (isJsonObject(item) ? item[mergeKey] : item);
  const rank = (item: Json) => {
    const at = order.findIndex((ordered) => isDeepStrictEqual(keyOf(ordered), keyOf(item)));
    return at < 0 ? order.length : at;
  };
  merged[field] = [...present].sort((a, b) => rank(a) - rank(b));
}

function withoutDirectives(value: Json): Json {
  if (isJsonArray(value)) return value.map(withoutDirectives);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([key, item]) => !key.startsWith('$') && item !== null);
  return Object.fromEntries(kept.map(([key, item]) => [key, item === undefined ? undefined : withoutDirectives(item)]));
}
