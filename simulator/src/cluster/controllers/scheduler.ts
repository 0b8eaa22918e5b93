import { fits, type Resources, subtractResources } from '@forescale/shared/domain';
import { bound } from '../api/binding.ts';
import { findCondition, type NodeObject, type PodObject, withCondition } from '../objects/objects.ts';
import { podRequests, resourcesOf } from '../objects/pod-requests.ts';
import { timestamp } from '../objects/timestamps.ts';
import type { StoreEvent } from '../store/entry.ts';
import type { Registry } from '../store/registry.ts';
import { dependsOnOthers, isSelected, type NeighbourCheck, Neighbourhood } from './affinity.ts';
import { type ClusterIndex, podKey } from './cluster-index.ts';
import type { Controller } from './controller.ts';
import { Preemption } from './preemption.ts';
import { untolerated } from './tolerations.ts';

interface Candidate {
  readonly node: NodeObject;
  readonly allocatable: Resources;
  free: Resources;
}

const ALLOCATABLE = new WeakMap<object, Resources>();
const NO_QUANTITIES = {};

function allocatableOf(node: NodeObject): Resources {
  const quantities = node.status.allocatable ?? NO_QUANTITIES;
  const known = ALLOCATABLE.get(quantities) ?? resourcesOf(node.status.allocatable);
  ALLOCATABLE.set(quantities, known);
  return known;
}

/**
 * Binds waiting pods to nodes as the default scheduler does: by priority, then age; on nodes whose labels, taints and
 * free resources allow it; of those, the one that is left with the largest share of CPU and memory free ("least
 * allocated"), avoiding `PreferNoSchedule` taints first. Ties go to the first by name, where Kubernetes draws lots.
 * A node that is not Ready carries a taint, so that readiness needs no rule here.
 *
 * What pods require of nodes and of each other holds; what they prefer does not count.
 *
 * A pod that fits nowhere takes the place of pods of lower priority, see `Preemption`.
 *
 * Not done: volumes.
 */
export class Scheduler implements Controller {
  readonly name = 'scheduler';
  readonly #registry: Registry;
  readonly #index: ClusterIndex;
  #dirty = true;

  constructor(registry: Registry, index: ClusterIndex) {
    this.#registry = registry;
    this.#index = index;
    registry.store.onChange((event) => {
      if (!this.#dirty && mayMatter(event)) this.#dirty = true;
    });
  }

  run(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    const waiting = [...this.#index.unbound().values()].filter(isOurs);
    if (waiting.length === 0) return;
    const candidates = this.#candidates();
    const neighbourhood = new Neighbourhood(
      candidates.map(({ node }) => node),
      this.#index,
    );
    // What did not fit once does not fit again while the cluster only fills up.
    const hopeless = new Map<string, string>();
    const preemption = new Preemption(this.#index);
    let isAwaitingOthers = false;
    let hasBound = false;
    for (const pod of waiting.sort(byUrgency)) {
      const shape = shapeOf(pod);
      const known = hopeless.get(shape);
      const check = neighbourhood.checkOf(pod);
      const chosen = known === undefined ? choose(pod, candidates, check) : null;
      if (chosen !== null) {
        neighbourhood.bind(pod, chosen.node);
        hasBound = true;
        chosen.free = subtractResources(chosen.free, podRequests(pod));
        this.#registry.update('pods', bound(pod, chosen.node.metadata.name, this.#registry.nowMs()));
        continue;
      }
      const reason = known ?? explain(pod, candidates, check);
      const victims = known === undefined ? preemption.victimsOf(pod, ableOf(pod, candidates, check)) : null;
      for (const victim of victims ?? []) this.#registry.delete('pods', victim);
      if (dependsOnOthers(pod)) isAwaitingOthers = true;
      // Whoever takes the place of others is looked at again when they are gone.
      else if (victims === null) hopeless.set(shape, reason);
      this.#markUnschedulable(pod, reason);
    }
    // Each that was bound may be what others wait for.
    if (isAwaitingOthers && hasBound) this.#dirty = true;
  }

  #candidates(): Candidate[] {
    const candidates: Candidate[] = [];
    for (const node of this.#registry.store.objects('nodes')) {
      const allocatable = allocatableOf(node);
      const free = subtractResources(allocatable, this.#index.reservedOn(node.metadata.name));
      candidates.push({ node, allocatable, free });
    }
    return candidates;
  }

  #markUnschedulable(pod: PodObject, message: string): void {
    const present = findCondition(pod.status.conditions, 'PodScheduled');
    const isKnown = present?.status === 'False' && present.reason === 'Unschedulable';
    if (isKnown && withoutCounts(present.message) === withoutCounts(message)) return;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime: timestamp(this.#registry.nowMs()),
    } as const;
    const conditions = withCondition(pod.status.conditions, condition);
    this.#registry.update('pods', { ...pod, status: { ...pod.status, conditions } });
  }
}

/**
 * What stands against a pod, whatever number of nodes it is: with each node that comes every waiting pod's numbers change, and
 * so many writes would tell nobody anything. There the default scheduler writes, at each of its attempts.
 */
function withoutCounts(message: string | undefined): string {
  return (message ?? '').replaceAll(/\b\d+(?:\/\d+)? /g, '');
}

/** A change after which a pod may fit that did not before. Binding a pod only takes room away. */
function mayMatter(event: StoreEvent): boolean {
  if (event.kind === 'nodes') return true;
  if (event.kind !== 'pods') return false;
  if (event.type !== 'MODIFIED') return true;
  const { status, spec } = event.entry.object as unknown as PodObject;
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return true;
  return spec.nodeName === undefined && spec !== event.previous?.object.spec;
}

function isOurs(pod: PodObject): boolean {
  return pod.spec.schedulerName === undefined || pod.spec.schedulerName === 'default-scheduler';
}

function byUrgency(a: PodObject, b: PodObject): number {
  const byPriority = (b.spec.priority ?? 0) - (a.spec.priority ?? 0);
  if (byPriority !== 0) return byPriority;
  const [createdA, createdB] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (createdA !== createdB) return createdA < createdB ? -1 : 1;
  return podKey(a) < podKey(b) ? -1 : 1;
}

/** Pods of one shape fit on the same nodes. */
function shapeOf(pod: PodObject): string {
  const { nodeSelector, tolerations, affinity } = pod.spec;
  return JSON.stringify([podRequests(pod), nodeSelector, tolerations, affinity, pod.metadata.labels]);
}

function choose(pod: PodObject, candidates: readonly Candidate[], check: NeighbourCheck): Candidate | null {
  const requests = podRequests(pod);
  let best: Candidate | null = null;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const candidate of candidates) {
    if (!fits(requests, candidate.free) || obstacleOf(pod, candidate.node) !== null) continue;
    if (check(candidate.node) !== null) continue;
    const score = scoreOf(pod, requests, candidate);
    if (score > bestScore) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
}

/** Nodes on which nothing but room is missing. */
function ableOf(pod: PodObject, candidates: readonly Candidate[], check: NeighbourCheck) {
  return candidates
    .filter(({ node }) => obstacleOf(pod, node) === null && check(node) === null)
    .map(({ node, free }) => ({ name: node.metadata.name, free }));
}

/** Mean free share of CPU and memory after the pod is there, in [0, 1]; less 10 for each taint that asks to stay away. */
function scoreOf(pod: PodObject, requests: Resources, { node, allocatable, free }: Candidate): number {
  const share = (left: number, all: number) => (all > 0 ? left / all : 0);
  const cpu = share(free.cpuMillicores - requests.cpuMillicores, allocatable.cpuMillicores);
  const memory = share(free.memoryBytes - requests.memoryBytes, allocatable.memoryBytes);
  const shunned = untolerated(node.spec.taints, pod.spec.tolerations).length;
  return (cpu + memory) / 2 - 10 * shunned;
}

/** Why a pod may not run on a node whatever room it has; null when it may. In the scheduler's own words. */
function obstacleOf(pod: PodObject, node: NodeObject): string | null {
  if (!isSelected(pod, node)) return `node(s) didn't match Pod's node affinity/selector`;
  if (node.spec.unschedulable === true && !toleratesCordon(pod)) return 'node(s) were unschedulable';
  const taint = untolerated(node.spec.taints, pod.spec.tolerations).find((t) => t.effect !== 'PreferNoSchedule');
  return taint === undefined ? null : `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`;
}

function toleratesCordon(pod: PodObject): boolean {
  const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;
  return untolerated([cordon], pod.spec.tolerations).length === 0;
}

function shortageOf(requests: Resources, free: Resources): string[] {
  const names = { cpuMillicores: 'cpu', memoryBytes: 'memory', gpus: 'nvidia.com/gpu' } as const;
  const short = Object.entries(names).filter(([field]) => {
    return requests[field as keyof Resources] > free[field as keyof Resources];
  });
  const reasons = short.map(([, name]) => `Insufficient ${name}`);
  return requests.pods > free.pods ? ['Too many pods', ...reasons] : reasons;
}

/** `0/3 nodes are available: 2 Insufficient cpu, 1 node(s) were unschedulable.` */
function explain(pod: PodObject, candidates: readonly Candidate[], check: NeighbourCheck): string {
  const counts = new Map<string, number>();
  for (const { node, free } of candidates) {
    const obstacle = obstacleOf(pod, node) ?? check(node);
    const reasons = obstacle === null ? shortageOf(podRequests(pod), free) : [obstacle];
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const total = `0/${candidates.length} nodes are available`;
  if (counts.size === 0) return `${total}.`;
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `${total}: ${parts.join(', ')}.`;
}
