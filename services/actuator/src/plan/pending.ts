import type { OfferingConfig, PoolConfig } from '@forescale/shared/config';
import { type ClusterPod, fits, type Resources, subtractResources } from '@forescale/shared/domain';
import { parseDurationMs } from '@forescale/shared/time';
import { isOnTheWayOut } from './fleet.ts';
import { Neighbours } from './neighbours.ts';
import { type NewNode, newNodeOf } from './new-node.ts';
import { isResident, type NodeLoad } from './node-load.ts';
import { type OfferingSize, offeringSizes, offeringsOfSizes } from './offering-sizes.ts';
import { offeringsOf } from './offerings.ts';
import { classesOf, mutable, type Place, type PodClass, placeClass } from './packing.ts';
import type { PlanState, Reason } from './types.ts';

const DELAY_ANNOTATION = 'cluster-autoscaler.kubernetes.io/pod-scale-up-delay';
const NEW_NODES_MAX = 10_000;

export interface PendingNeed {
  /** New nodes of the template that the pods need beyond what is free or starting. */
  readonly newNodes: number;
  readonly pods: number;
  readonly servedUids: string[];
  /** Offerings whose machines can carry each of the pods that the new nodes are for; all where there are none. */
  readonly carriers: readonly OfferingConfig[];
}

/**
 * Packs the pending pods, and those that nodes on their way out will set free, largest first: into what is free on
 * Ready nodes, then onto starting ones, then onto new ones. Takes from the places of `loads`. Nodes of ours that are
 * still empty count as they were ordered, whatever taints and labels they have got since: were they left out, each plan
 * would order them again, and growth would never stop.
 */
export function packPending(
  state: PlanState,
  pool: PoolConfig,
  loads: readonly NodeLoad[],
  nowMs: number,
  reasons: Reason[],
): PendingNeed {
  const waiting = [...displacedPods(state), ...state.pendingPods.filter((pod) => isWaiting(pod, nowMs))];
  const offerings = offeringsOf(pool);
  if (waiting.length === 0) return { newNodes: 0, pods: 0, servedUids: [], carriers: offerings };
  const template = newNodeOf(pool, loads);
  const places = [
    ...loads.map((load) => placeOf(load, template)),
    ...state.starting.map(({ requestId, offering }) => newPlace(template, requestId, offering.allocatable)),
  ];
  const neighbours = new Neighbours(places, waiting);
  const byRules = neighbours.matterTo(waiting);
  const unplaced = { nowhere: 0, someOfferings: 0, byRules: 0, later: 0, all: waiting.length };
  const classes = classesOf(waiting, template.allocatable, byRules).filter(({ sample, pods }) => {
    const fitting = fits(sample.requests, template.allocatable) ? template.fitting(sample) : 'none';
    if (fitting === 'none') unplaced.nowhere += pods.length;
    if (fitting === 'some') unplaced.someOfferings += pods.length;
    return fitting === 'all';
  });
  const roomy = withRoomFor(classes, places);
  const servedUids: string[] = [];
  let newNodes = 0;
  const sizes = offeringSizes(offerings).map((size) => ({ ...size, room: roomOf(template, size.allocatable) }));
  let carriers: readonly Carrier[] = sizes;
  for (const { sample, pods } of classes) {
    const gate = byRules ? neighbours.gateOf(sample, places) : null;
    let placed = 0;
    const put = (on: readonly Place[]) => {
      placed += placeClass(sample, pods.length - placed, on, gate, (place, count) => {
        if (byRules) neighbours.shift(place, sample, count);
      });
    };
    put(roomy);
    const able = placed === pods.length ? [] : carrying(sample, carriers);
    if (able.length > 0) carriers = able;
    else if (carrying(sample, sizes).length > 0) unplaced.later += pods.length - placed;
    else unplaced.nowhere += pods.length - placed;
    while (able.length > 0 && placed < pods.length && newNodes < NEW_NODES_MAX) {
      const place = newPlace(template, `new node ${newNodes}`);
      const before = placed;
      places.push(place);
      put([place]);
      if (placed === before) {
        places.pop();
        unplaced.byRules += pods.length - placed;
        break;
      }
      newNodes++;
      roomy.push(place);
      if (gate?.reopens) put(roomy);
    }
    for (const pod of pods.slice(0, placed)) servedUids.push(pod.uid);
  }
  // What has its place on a machine that is on its way asks for as large ones as when that was ordered.
  for (const { sample } of classes) {
    const able = carrying(sample, carriers);
    if (able.length > 0) carriers = able;
  }
  explain(unplaced, reasons);
  const pods = waiting.length - unplaced.nowhere - unplaced.someOfferings;
  return { newNodes, pods, servedUids, carriers: offeringsOfSizes(carriers, offerings) };
}

function explain(
  unplaced: Readonly<Record<'nowhere' | 'someOfferings' | 'byRules' | 'later' | 'all', number>>,
  reasons: Reason[],
): void {
  const say = (code: string, count: number, why: string) => {
    if (count > 0) reasons.push({ code, text: `${count} of ${unplaced.all} pending pods ${why}` });
  };
  say('pods-fit-nowhere', unplaced.nowhere, 'fit no node of this pool');
  say(
    'pods-fit-some-offerings',
    unplaced.someOfferings,
    'fit some of the offerings only; a pool of those would serve them',
  );
  say('pods-kept-apart', unplaced.byRules, 'find no place, not even on a new node, by what they require of other pods');
  say(
    'pods-fit-other-offerings',
    unplaced.later,
    'fit no offering that carries the larger ones; a later plan orders it',
  );
}

/** A size of machines, and what room is on one beside what DaemonSets take. */
interface Carrier extends OfferingSize {
  readonly room: Resources;
}

/** Those that have room for the pod. */
function carrying(pod: ClusterPod, sizes: readonly Carrier[]): readonly Carrier[] {
  return sizes.filter(({ room }) => fits(pod.requests, room));
}

/** Places that are too full for all classes need not be asked by each. */
function withRoomFor(classes: readonly PodClass[], places: readonly Place[]): Place[] {
  let cpuMillicores = Number.POSITIVE_INFINITY;
  let memoryBytes = Number.POSITIVE_INFINITY;
  for (const { sample } of classes) {
    cpuMillicores = Math.min(cpuMillicores, sample.requests.cpuMillicores);
    memoryBytes = Math.min(memoryBytes, sample.requests.memoryBytes);
  }
  return places.filter(({ free }) => {
    return free.cpuMillicores >= cpuMillicores && free.memoryBytes >= memoryBytes && free.pods >= 1;
  });
}

function displacedPods(state: PlanState): ClusterPod[] {
  const displaced: ClusterPod[] = [];
  for (const node of state.nodes) {
    if (node.pods === null || (!isOnTheWayOut(node) && node.interruptedMs === null)) continue;
    for (const pod of node.pods) if (!pod.terminating && !isResident(pod)) displaced.push(pod);
  }
  return displaced;
}

function isWaiting(pod: ClusterPod, nowMs: number): boolean {
  if (pod.nodeName !== null || pod.terminating || isResident(pod)) return false;
  const delay = pod.annotations[DELAY_ANNOTATION];
  return delay === undefined || nowMs - pod.createdMs >= (parseDurationMs(delay) ?? 0);
}

function placeOf({ node, place, movable }: NodeLoad, template: NewNode): Place {
  if (!node.owned || movable.length > 0) return place;
  const labels = { ...place.labels, ...template.labels };
  return { ...place, labels, taints: template.taints, topology: template.labels, isNew: true };
}

/** Of a machine of the template's size, or of `allocatable` where that is declared. */
function newPlace(template: NewNode, name: string, declared: Resources | null = null): Place {
  const { labels, taints } = template;
  const free = mutable(roomOf(template, declared));
  return { name, free, labels, taints, topology: labels, isNew: true, pods: [], ruled: [] };
}

function roomOf({ allocatable, overhead }: NewNode, declared: Resources | null): Resources {
  return declared === null ? allocatable : subtractResources(declared, overhead);
}
