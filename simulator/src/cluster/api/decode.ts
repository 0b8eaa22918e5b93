import type { z } from 'zod';
import { badRequest, invalid, type StatusCause, unsupportedMediaType } from '../objects/errors.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../objects/json.ts';
import { apiVersionOf, type Kind } from '../objects/kinds.ts';
import type { StoredObject } from '../objects/objects.ts';
import { SCHEMAS, UNDECODABLE } from './schemas.ts';

/** An object as a client sent it: well-formed, but without what only the server knows. */
export type DecodedObject = JsonObject & { readonly metadata: JsonObject };

export function parseJson(body: string): Json {
  try {
    return JSON.parse(body) as Json;
  } catch (error) {
    throw badRequest(`couldn't parse the body as JSON: ${(error as Error).message}`);
  }
}

/** The JSON object in a request's body; 415 for what is not JSON. */
export function parseJsonObject(contentType: string, body: string): JsonObject {
  const mediaType = contentType.split(';')[0]?.trim() ?? '';
  if (mediaType !== '' && mediaType !== 'application/json') throw unsupportedMediaType(['application/json']);
  const parsed = parseJson(body);
  if (!isJsonObject(parsed)) throw badRequest('the body of the request is not an object');
  return parsed;
}

/** Checks that the body names this kind, if it names one. Returns it without its type. */
export function decodeObject(kind: Kind, parsed: JsonObject): DecodedObject {
  const { kind: givenKind = kind.kind, apiVersion = apiVersionOf(kind), ...rest } = parsed;
  if (givenKind !== kind.kind || apiVersion !== apiVersionOf(kind)) {
    throw badRequest(`${givenKind} in version "${apiVersion}" cannot be handled as a ${kind.kind}`);
  }
  const metadata = isJsonObject(rest.metadata) ? rest.metadata : {};
  const { managedFields: _managedFields, selfLink: _selfLink, ...kept } = metadata;
  return withoutNulls({ ...rest, metadata: kept }) as DecodedObject;
}

/** To a server a null is the same as an absent field. */
function withoutNulls(value: Json): Json {
  if (isJsonArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNulls(item as Json)]));
}

/** The object as the kind's schema reads it; throws 400 for a wrong type and 422 for a wrong value. */
export function validated(kind: Kind, object: DecodedObject | StoredObject): DecodedObject {
  const result = SCHEMAS[kind.name].safeParse(object);
  if (result.success) return result.data as DecodedObject;
  const { issues } = result.error;
  const undecodable = issues.find((issue) => isUndecodable(issue, object as Json));
  if (undecodable !== undefined) {
    const unknown = undecodable.code === 'unrecognized_keys' ? undecodable.keys.slice(0, 1) : [];
    const where = fieldName([...undecodable.path, ...unknown]);
    const version = apiVersionOf(kind);
    throw badRequest(
      `${kind.kind} in version "${version}" cannot be handled as a ${kind.kind}: ${where}: ${undecodable.message}`,
    );
  }
  const causes = issues.map((issue) => causeOf(issue, object as Json));
  throw invalid(kind, String(object.metadata.name ?? ''), causes);
}

function isUndecodable(issue: z.core.$ZodIssue, object: Json): boolean {
  if (issue.code === 'custom') return issue.params === UNDECODABLE;
  // As where `fieldValidation=Strict` is asked for; else a server drops the field, and warns.
  if (issue.code === 'unrecognized_keys') return true;
  return issue.code === 'invalid_type' && valueAt(object, issue.path) !== undefined;
}

function causeOf(issue: z.core.$ZodIssue, object: Json): StatusCause {
  const field = fieldName(issue.path);
  const value = valueAt(object, issue.path);
  if (value === undefined || issue.message === 'Required value') {
    return { reason: 'FieldValueRequired', message: 'Required value', field };
  }
  if (issue.code === 'invalid_value') {
    const supported = issue.values.map((item) => JSON.stringify(item)).join(', ');
    const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`;
    return { reason: 'FieldValueNotSupported', message, field };
  }
  const message = `Invalid value: ${JSON.stringify(value)}: ${issue.message}`;
  return { reason: 'FieldValueInvalid', message, field };
}

/** `spec.containers[0].name` */
function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .slice(1);
}

function valueAt(object: Json, path: readonly PropertyKey[]): Json | undefined {
  let value: Json | undefined = object;
  for (const step of path) {
    if (isJsonArray(value)) value = value[Number(step)];
    else if (isJsonObject(value)) value = value[String(step)];
    else return undefined;
  }
  return value;
}
