import { badRequest, conflict, successStatus } from '../objects/errors.ts';
import { isJsonObject } from '../objects/json.ts';
import { type PodObject, withCondition } from '../objects/objects.ts';
import { timestamp } from '../objects/timestamps.ts';
import type { Registry } from '../store/registry.ts';
import { parseJsonObject } from './decode.ts';
import { type ApiRequest, type JsonReply, jsonReply } from './request.ts';
import type { ResourceRoute } from './route.ts';
import { entryAt, isDryRun } from './writes.ts';

/** Binds a pod to the node that a scheduler chose. Nothing checks that it fits: that was the scheduler's task. */
export function handleBinding(registry: Registry, route: ResourceRoute, request: ApiRequest): JsonReply {
  const body = parseJsonObject(request.contentType, request.body);
  const target = isJsonObject(body.target) ? body.target : {};
  if (typeof target.name !== 'string' || target.name === '') throw badRequest('target.name: Required value');
  const pod = entryAt(registry, route).object as unknown as PodObject;
  const { nodeName } = pod.spec;
  if (nodeName !== undefined) {
    throw conflict(route.kind, pod.metadata.name, `pod ${pod.metadata.name} is already assigned to node "${nodeName}"`);
  }
  if (!isDryRun(request.query)) registry.update('pods', bound(pod, target.name, registry.nowMs()));
  return jsonReply(201, successStatus(undefined, 201));
}

/** The pod with its node, and the condition that says so. */
export function bound(pod: PodObject, nodeName: string, nowMs: number): PodObject {
  const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: timestamp(nowMs) } as const;
  return {
    ...pod,
    spec: { ...pod.spec, nodeName },
    status: { ...pod.status, conditions: withCondition(pod.status.conditions, scheduled) },
  };
}
