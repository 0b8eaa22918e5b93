import type { ClusterPod, Resources, Taint } from '@forescale/shared/domain';

/** Room for pods on one node, real or to come. `free` shrinks as pods are placed. */
export interface Place {
  readonly free: MutableResources;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
}

type MutableResources = { -readonly [Field in keyof Resources]: Resources[Field] };

/** Pods that ask for the same and may go to the same nodes. */
export interface PodClass {
  readonly key: string;
  readonly sample: ClusterPod;
  readonly pods: ClusterPod[];
}

export function mutable(resources: Resources): MutableResources {
  return { ...resources };
}

/** Groups pods by what the scheduler looks at, largest first (by the share of `template` that one takes). */
export function classesOf(pods: readonly ClusterPod[], template: Resources): PodClass[] {
  const classes = new Map<string, PodClass>();
  for (const pod of pods) {
    const { cpuMillicores, memoryBytes, gpus } = pod.requests;
    const rules =
      pod.tolerations.length === 0 && Object.keys(pod.nodeSelector).length === 0
        ? ''
        : JSON.stringify([pod.nodeSelector, pod.tolerations]);
    const key = `${cpuMillicores}/${memoryBytes}/${gpus}/${rules}`;
    const known = classes.get(key);
    if (known) known.pods.push(pod);
    else classes.set(key, { key, sample: pod, pods: [pod] });
  }
  const size = ({ sample }: PodClass) =>
    Math.max(
      sample.requests.cpuMillicores / Math.max(1, template.cpuMillicores),
      sample.requests.memoryBytes / Math.max(1, template.memoryBytes),
      sample.requests.gpus / Math.max(1, template.gpus),
    );
  return [...classes.values()].sort((a, b) => size(b) - size(a) || (a.key < b.key ? -1 : 1));
}

/**
 * Puts as many pods of the class as fit onto the places, first fit; returns how many. Pods of one class are alike: a
 * place that has refused one refuses all, so each place is asked until it refuses and never again.
 */
export function placeClass(one: PodClass, places: readonly Place[]): number {
  let placed = 0;
  for (const place of places) {
    if (placed === one.pods.length) break;
    if (!accepts(place, one.sample)) continue;
    while (placed < one.pods.length && take(place, one.sample.requests)) placed++;
  }
  return placed;
}

/** Places every pod or none. Where one fits nowhere, what was taken is given back. */
export function placeAll(pods: readonly ClusterPod[], places: readonly Place[], template: Resources): boolean {
  const before = new Map<Place, Resources>();
  for (const one of classesOf(pods, template)) {
    let placed = 0;
    for (const place of places) {
      if (placed === one.pods.length) break;
      if (!roomFor(place, one.sample.requests) || !accepts(place, one.sample)) continue;
      if (!before.has(place)) before.set(place, { ...place.free });
      while (placed < one.pods.length && take(place, one.sample.requests)) placed++;
    }
    if (placed < one.pods.length) {
      for (const [place, free] of before) Object.assign(place.free, free);
      return false;
    }
  }
  return true;
}

/** Whether the scheduler could put the pod there, room aside: its selector matches and it tolerates every taint. */
export function accepts(place: Pick<Place, 'labels' | 'taints'>, pod: ClusterPod): boolean {
  for (const key in pod.nodeSelector) {
    if (place.labels[key] !== pod.nodeSelector[key]) return false;
  }
  return place.taints.every((taint) => taint.effect === 'PreferNoSchedule' || isTolerated(taint, pod));
}

function isTolerated(taint: Taint, pod: ClusterPod): boolean {
  return pod.tolerations.some(
    (one) =>
      (one.effect === null || one.effect === taint.effect) &&
      (one.key === null ? one.operator === 'Exists' : one.key === taint.key) &&
      (one.operator === 'Exists' || one.value === taint.value),
  );
}

function roomFor({ free }: Place, requests: Resources): boolean {
  return (
    requests.cpuMillicores <= free.cpuMillicores &&
    requests.memoryBytes <= free.memoryBytes &&
    free.pods >= 1 &&
    requests.gpus <= free.gpus
  );
}

function take(place: Place, requests: Resources): boolean {
  if (!roomFor(place, requests)) return false;
  const { free } = place;
  free.cpuMillicores -= requests.cpuMillicores;
  free.memoryBytes -= requests.memoryBytes;
  free.pods -= 1;
  free.gpus -= requests.gpus;
  return true;
}
