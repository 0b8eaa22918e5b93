import { isJsonObject, type Json, type JsonObject } from '../objects/json.ts';
import type { Authorizer, Verb } from './authorizer.ts';
import { parseJsonObject } from './decode.ts';
import { type ApiRequest, type JsonReply, jsonReply } from './request.ts';

/** Answers "may I?" (`SelfSubjectAccessReview`) with what the authorizer would decide. */
export function handleAccessReview(authorizer: Authorizer, request: ApiRequest): JsonReply {
  const body = parseJsonObject(request.contentType, request.body);
  const spec = isJsonObject(body.spec) ? body.spec : {};
  const asked: JsonObject = isJsonObject(spec.resourceAttributes) ? spec.resourceAttributes : {};
  const allowed = authorizer.allows(request.user, {
    verb: text(asked.verb) as Verb,
    group: text(asked.group),
    resource: text(asked.resource),
    subresource: text(asked.subresource),
    namespace: text(asked.namespace),
    name: text(asked.name),
  });
  return jsonReply(201, {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec,
    status: { allowed },
  });
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
