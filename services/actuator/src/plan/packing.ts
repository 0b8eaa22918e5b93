import { type ClusterPod, mayRunOn, type Resources, type Taint } from '@forescale/shared/domain';
import type { Gate, Neighbours } from './neighbours.ts';

type Labels = Readonly<Record<string, string>>;

/** Room for pods on one node, real or to come. `free` shrinks as pods are placed. */
export interface Place {
  /** Of the node, or one that no other place has. */
  readonly name: string;
  readonly free: MutableResources;
  readonly labels: Labels;
  readonly taints: readonly Taint[];
  /** The labels that say which zone and the like it is in; not all are known of a machine that is to come. */
  readonly topology: Labels;
  /** To come, or come and still empty. */
  readonly isNew: boolean;
  /** On it before anything was placed, those that are being deleted included: they are there until they are not. */
  readonly pods: readonly ClusterPod[];
  /** Those of them that have rules about other pods. */
  readonly ruled: readonly ClusterPod[];
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

/**
 * Groups pods by what the scheduler looks at, largest first (by the share of `template` that one takes). `byLabels`:
 * their labels are part of that, since some pod has rules about others.
 */
export function classesOf(pods: readonly ClusterPod[], template: Resources, byLabels: boolean): PodClass[] {
  const classes = new Map<string, PodClass>();
  for (const pod of pods) {
    const key = keyOf(pod, byLabels);
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
  const sized = [...classes.values()].map((one) => ({ one, size: size(one) }));
  return sized.sort((a, b) => b.size - a.size || (a.one.key < b.one.key ? -1 : 1)).map(({ one }) => one);
}

/** Written out, since a plan asks for the keys of hundreds of pods. No part may hold what stands between them. */
function keyOf(pod: ClusterPod, byLabels: boolean): string {
  const { requests, nodeSelector, tolerations, rules, namespace, labels } = pod;
  let key = `${requests.cpuMillicores}/${requests.memoryBytes}/${requests.gpus}`;
  for (const label in nodeSelector) key += `|${label}=${nodeSelector[label]}`;
  for (const one of tolerations) key += `;${one.key ?? '*'} ${one.operator} ${one.value} ${one.effect ?? '*'}`;
  if (rules !== null) key += JSON.stringify(rules);
  if (!byLabels) return key;
  key += `@${namespace}`;
  for (const label in labels) key += `|${label}=${labels[label]}`;
  return key;
}

/**
 * Puts as many pods like `sample`, of `wanted`, as fit onto the places, first fit; returns how many. They are alike: a
 * place that has refused one refuses all, unless a rule to spread them evenly lets it fill up again after others. That
 * new nodes accept them has been asked before, of every kind that may be bought.
 * `onPlaced` is told of each place that has taken some.
 */
export function placeClass(
  sample: ClusterPod,
  wanted: number,
  places: readonly Place[],
  gate: Gate | null,
  onPlaced: (place: Place, pods: number) => void,
): number {
  let placed = 0;
  let before: number;
  do {
    before = placed;
    for (const place of places) {
      if (placed === wanted) break;
      if (!roomFor(place, sample.requests) || !(place.isNew || mayRunOn(sample, place.labels, place.taints))) continue;
      let here = 0;
      while (placed + here < wanted && (gate?.admits(place) ?? true) && take(place, sample.requests)) {
        here++;
        // The gate counts every pod, so it is told of each.
        if (gate !== null) onPlaced(place, 1);
      }
      if (gate === null && here > 0) onPlaced(place, here);
      placed += here;
    }
  } while (gate?.reopens && placed > before && placed < wanted);
  return placed;
}

/** Moves every pod from one place to the others, or none: then all is as it was. */
export function moveAll(
  pods: readonly ClusterPod[],
  from: Place,
  places: readonly Place[],
  template: Resources,
  neighbours: Neighbours,
): boolean {
  const before = new Map<Place, Resources>();
  const shifts: (readonly [place: Place, pod: ClusterPod, by: number])[] = [];
  const shift = (place: Place, pod: ClusterPod, by: number) => {
    neighbours.shift(place, pod, by);
    shifts.push([place, pod, by]);
  };
  const areNeighbours = neighbours.matterTo(pods);
  if (areNeighbours) for (const pod of pods) shift(from, pod, -1);
  for (const { sample, pods: alike } of classesOf(pods, template, areNeighbours)) {
    const gate = areNeighbours ? neighbours.gateOf(sample, places) : null;
    const placed = placeClass(sample, alike.length, places, gate, (place, count) => {
      if (!before.has(place)) before.set(place, freeBefore(place, sample.requests, count));
      if (areNeighbours) shift(place, sample, count);
    });
    if (placed === alike.length) continue;
    for (const [place, free] of before) Object.assign(place.free, free);
    for (const [place, pod, by] of shifts) neighbours.shift(place, pod, -by);
    return false;
  }
  return true;
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

function freeBefore({ free }: Place, requests: Resources, count: number): Resources {
  return {
    cpuMillicores: free.cpuMillicores + count * requests.cpuMillicores,
    memoryBytes: free.memoryBytes + count * requests.memoryBytes,
    pods: free.pods + count,
    gpus: free.gpus + count * requests.gpus,
  };
}
