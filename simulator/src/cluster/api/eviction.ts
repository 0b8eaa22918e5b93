import { ApiError, badRequest, successStatus, tooManyRequests } from '../objects/errors.ts';
import { isJsonObject } from '../objects/json.ts';
import {
  type DisruptionBudgetObject,
  isFinished,
  isTerminating,
  isTrue,
  type PodObject,
  type StoredObject,
  withCondition,
} from '../objects/objects.ts';
import { selects } from '../objects/selectors.ts';
import { timestamp } from '../objects/timestamps.ts';
import type { Registry } from '../store/registry.ts';
import { parseJsonObject } from './decode.ts';
import { deleteOptionsOf, ensurePreconditions } from './deletes.ts';
import { type ApiRequest, type JsonReply, jsonReply } from './request.ts';
import type { ResourceRoute } from './route.ts';
import { entryAt } from './writes.ts';

/**
 * Deletes a pod if its PodDisruptionBudget has one to spare; else answers 429. Pods that do not run, or are on their
 * way out already, need no budget.
 */
export function handleEviction(registry: Registry, route: ResourceRoute, request: ApiRequest): JsonReply {
  const body = parseJsonObject(request.contentType, request.body);
  if (body.kind !== undefined && body.kind !== 'Eviction')
    throw badRequest(`${body.kind} cannot be handled as an Eviction`);
  const metadata = isJsonObject(body.metadata) ? body.metadata : {};
  if (metadata.name !== undefined && metadata.name !== route.name) {
    throw badRequest('name in URL does not match name in Eviction object');
  }
  const options = deleteOptionsOf(isJsonObject(body.deleteOptions) ? body.deleteOptions : {}, request.query);
  const entry = entryAt(registry, route);
  const pod = entry.object as unknown as PodObject;
  ensurePreconditions(route.kind, entry.object, options);
  const budget = needsNoBudget(pod) ? null : budgetOf(registry, pod);
  if (budget !== null) ensureWithinBudget(budget, pod);
  if (!options.dryRun) {
    if (budget !== null && isReady(pod)) spend(registry, budget);
    const marked = registry.update('pods', disrupted(pod, registry.nowMs()));
    registry.delete('pods', marked.object, options.graceSeconds);
  }
  return jsonReply(201, successStatus(undefined, 201));
}

function needsNoBudget(pod: PodObject): boolean {
  return isFinished(pod) || isTerminating(pod) || pod.status.phase === 'Pending';
}

function isReady(pod: PodObject): boolean {
  return isTrue(pod.status.conditions, 'Ready');
}

function budgetOf(registry: Registry, pod: PodObject): DisruptionBudgetObject | null {
  const { namespace = '', labels } = pod.metadata;
  const budgets: DisruptionBudgetObject[] = [];
  for (const { object } of registry.store.collection('poddisruptionbudgets').entries(namespace)) {
    const budget = object as unknown as DisruptionBudgetObject;
    if (selects(budget.spec.selector, labels)) budgets.push(budget);
  }
  if (budgets.length > 1) {
    const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
    throw new ApiError(500, 'InternalError', message);
  }
  return budgets[0] ?? null;
}

function ensureWithinBudget(budget: DisruptionBudgetObject, pod: PodObject): void {
  const { name, generation = 1 } = budget.metadata;
  const {
    observedGeneration = 0,
    disruptionsAllowed = 0,
    currentHealthy = 0,
    desiredHealthy = 0,
  } = budget.status ?? {};
  if (!isReady(pod)) {
    if (budget.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return;
    if (currentHealthy >= desiredHealthy && desiredHealthy > 0) return;
  }
  if (observedGeneration < generation) {
    const message = `Cannot evict pod as it would violate the pod's disruption budget.`;
    const cause = `The disruption budget ${name} is still being processed by the server.`;
    throw tooManyRequests(message, { causes: [{ reason: 'DisruptionBudget', message: cause }], retryAfterSeconds: 10 });
  }
  if (disruptionsAllowed > 0) return;
  const message = `Cannot evict pod as it would violate the pod's disruption budget.`;
  const cause = `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  throw tooManyRequests(message, { causes: [{ reason: 'DisruptionBudget', message: cause }] });
}

/** Taken off at once, so that evictions at the same instant cannot share what is left. */
function spend(registry: Registry, budget: DisruptionBudgetObject): void {
  const disruptionsAllowed = Math.max(0, (budget.status?.disruptionsAllowed ?? 0) - 1);
  const object: StoredObject = { ...budget, status: { ...budget.status, disruptionsAllowed } };
  registry.update('poddisruptionbudgets', object);
}

function disrupted(pod: PodObject, nowMs: number): PodObject {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    lastTransitionTime: timestamp(nowMs),
  } as const;
  return { ...pod, status: { ...pod.status, conditions: withCondition(pod.status.conditions, condition) } };
}
