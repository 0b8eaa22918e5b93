export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** Objects are never changed in place: whoever wants another value makes a new object. */
export type JsonObject = { readonly [key: string]: Json | undefined };

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isJsonArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
