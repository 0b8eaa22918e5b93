import { isJsonObject, type Json, type JsonObject } from '../objects/json.ts';

/** RFC 7386: null removes, objects merge, everything else (arrays too) replaces. */
export function applyMergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const merged: Record<string, Json | undefined> = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch as JsonObject)) {
    if (value === null || value === undefined) delete merged[key];
    else merged[key] = applyMergePatch(merged[key], value);
  }
  return merged;
}
