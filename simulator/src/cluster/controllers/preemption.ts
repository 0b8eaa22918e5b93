import { addResources, fits, NO_RESOURCES, type Resources, subtractResources } from '@forescale/shared/domain';
import { isFinished, isTerminating, type PodObject } from '../objects/objects.ts';
import { podRequests } from '../objects/pod-requests.ts';
import { type ClusterIndex, podKey } from './cluster-index.ts';

interface Place {
  readonly name: string;
  readonly free: Resources;
}

interface Choice {
  readonly place: Place;
  readonly victims: readonly PodObject[];
}

/**
 * Whom pods turn out in one round of the scheduler: pods of a lower priority, the lowest first, no more than are needed, on
 * the node where the most important of them matters least, then where they are fewest. Budgets are not asked, as the scheduler passes them over at need.
 */
export class Preemption {
  readonly #index: ClusterIndex;
  /** Pods of a node as they were when it was first looked at. */
  readonly #pods = new Map<string, readonly PodObject[]>();
  readonly #leaving = new Set<string>();
  /** What pods of this round will take, by node. */
  readonly #claimed = new Map<string, Resources>();

  constructor(index: ClusterIndex) {
    this.#index = index;
  }

  /** None: it only has to wait for whoever leaves already. Null: there is no such place, or its class turns nobody out. */
  victimsOf(pod: PodObject, places: readonly Place[]): readonly PodObject[] | null {
    if (pod.spec.preemptionPolicy === 'Never') return null;
    let best: Choice | null = null;
    for (const place of places) {
      const victims = this.#victimsOn(place, pod);
      if (victims !== null && (best === null || costs(victims, best.victims) < 0)) best = { place, victims };
    }
    if (best === null) return null;
    const { name } = best.place;
    this.#claimed.set(name, addResources(this.#claimed.get(name) ?? NO_RESOURCES, podRequests(pod)));
    for (const victim of best.victims) this.#leaving.add(podKey(victim));
    return best.victims;
  }

  #victimsOn({ name, free }: Place, pod: PodObject): readonly PodObject[] | null {
    const lower = this.#podsOn(name).filter((one) => priorityOf(one) < priorityOf(pod));
    const leaving = lower.filter((one) => this.#isLeaving(one)).map(podRequests);
    let room = subtractResources(leaving.reduce(addResources, free), this.#claimed.get(name) ?? NO_RESOURCES);
    const victims: PodObject[] = [];
    for (const one of lower.filter((each) => !this.#isLeaving(each)).sort(byWorth)) {
      if (fits(podRequests(pod), room)) break;
      victims.push(one);
      room = addResources(room, podRequests(one));
    }
    return lower.length > 0 && fits(podRequests(pod), room) ? victims : null;
  }

  #podsOn(name: string): readonly PodObject[] {
    const known = this.#pods.get(name) ?? [...this.#index.podsOn(name).values()].filter((one) => !isFinished(one));
    this.#pods.set(name, known);
    return known;
  }

  #isLeaving(pod: PodObject): boolean {
    return isTerminating(pod) || this.#leaving.has(podKey(pod));
  }
}

/** Less than 0: the first cost less. */
function costs(a: readonly PodObject[], b: readonly PodObject[]): number {
  const highest = (pods: readonly PodObject[]) => Math.max(Number.MIN_SAFE_INTEGER, ...pods.map(priorityOf));
  return highest(a) - highest(b) || a.length - b.length;
}

function priorityOf(pod: PodObject): number {
  return pod.spec.priority ?? 0;
}

/** Least worth first: the lowest priority, then the youngest. */
function byWorth(a: PodObject, b: PodObject): number {
  const byPriority = priorityOf(a) - priorityOf(b);
  if (byPriority !== 0) return byPriority;
  const [createdA, createdB] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (createdA !== createdB) return createdA > createdB ? -1 : 1;
  return podKey(a) < podKey(b) ? -1 : 1;
}
