import type { PoolConfig } from '@forescale/shared/config';
import {
  type ClusterPod,
  fits,
  NO_RESOURCES,
  type Resources,
  subtractResources,
  type Taint,
} from '@forescale/shared/domain';
import { parseDurationMs } from '@forescale/shared/time';
import { isOnTheWayOut } from './fleet.ts';
import { Neighbours } from './neighbours.ts';
import { isResident, loadOf, type NodeLoad } from './node-load.ts';
import { offeringsOf } from './offerings.ts';
import { accepts, classesOf, mutable, type Place, type PodClass, placeClass } from './packing.ts';
import type { PlanState, PoolNode, Reason } from './types.ts';

const DELAY_ANNOTATION = 'cluster-autoscaler.kubernetes.io/pod-scale-up-delay';
const NEW_NODES_MAX = 10_000;
/** The same on all machines of most pools; taken from the present nodes where they agree. */
const ARCH_LABEL = 'kubernetes.io/arch';

type Labels = Readonly<Record<string, string>>;

export interface PendingNeed {
  /** New nodes of the template that the pods need beyond what is free or starting. */
  readonly newNodes: number;
  readonly pods: number;
  readonly servedUids: string[];
}

/** What a new node of the pool offers to pods. */
interface Template {
  /** Without what DaemonSets take. */
  readonly allocatable: Resources;
  readonly overhead: Resources;
  /** Those that machines of all offerings share, and those of each kind. */
  readonly labels: Labels;
  readonly variants: readonly Labels[];
  readonly taints: readonly Taint[];
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
  if (waiting.length === 0) return { newNodes: 0, pods: 0, servedUids: [] };
  const template = templateOf(pool, loads);
  const places = [
    ...loads.map((load) => placeOf(load, template)),
    ...state.starting.map(({ requestId, offering }) => newPlace(template, requestId, offering.allocatable)),
  ];
  const neighbours = new Neighbours(places, waiting);
  const byRules = neighbours.matterTo(waiting);
  const unplaced = { nowhere: 0, someOfferings: 0, byRules: 0, all: waiting.length };
  const classes = classesOf(waiting, template.allocatable, byRules).filter(({ sample, pods }) => {
    const fitting = fits(sample.requests, template.allocatable) ? offeringsFor(template, sample) : 'none';
    if (fitting === 'none') unplaced.nowhere += pods.length;
    if (fitting === 'some') unplaced.someOfferings += pods.length;
    return fitting === 'all';
  });
  const roomy = withRoomFor(classes, places);
  const servedUids: string[] = [];
  let newNodes = 0;
  for (const { sample, pods } of classes) {
    const gate = byRules ? neighbours.gateOf(sample, places) : null;
    let placed = 0;
    const put = (on: readonly Place[]) => {
      placed += placeClass(sample, pods.length - placed, on, gate, (place, count) => {
        if (byRules) neighbours.shift(place, sample, count);
      });
    };
    put(roomy);
    while (placed < pods.length && newNodes < NEW_NODES_MAX) {
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
  explain(unplaced, reasons);
  return { newNodes, pods: waiting.length - unplaced.nowhere - unplaced.someOfferings, servedUids };
}

function explain(
  unplaced: Readonly<Record<'nowhere' | 'someOfferings' | 'byRules' | 'all', number>>,
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

function placeOf({ node, place, movable }: NodeLoad, template: Template): Place {
  if (!node.owned || movable.length > 0) return place;
  const labels = { ...place.labels, ...template.labels };
  return { ...place, labels, taints: template.taints, topology: template.labels, isNew: true };
}

/** Of a machine of the template's size, or of `allocatable` where that is declared. */
function newPlace(template: Template, name: string, declared: Resources | null = null): Place {
  const { allocatable, overhead, labels, taints } = template;
  const free = mutable(declared === null ? allocatable : subtractResources(declared, overhead));
  return { name, free, labels, taints, topology: labels, isNew: true, pods: [], ruled: [] };
}

/** Which of the pool's offerings the pod may run on, room and neighbours aside. */
function offeringsFor({ labels, taints, variants }: Template, pod: ClusterPod): 'all' | 'some' | 'none' {
  const asksForLabels = Object.keys(pod.nodeSelector).length > 0 || (pod.rules?.nodeTerms.length ?? 0) > 0;
  if (!asksForLabels) return accepts({ labels, taints }, pod) ? 'all' : 'none';
  const accepting = variants.filter((own) => accepts({ labels: own, taints }, pod)).length;
  if (accepting === variants.length) return 'all';
  return accepting > 0 ? 'some' : 'none';
}

function templateOf(pool: PoolConfig, loads: readonly NodeLoad[]): Template {
  const overhead = overheadOf(loads);
  const variants = labelsByOffering(pool, loads);
  return {
    allocatable: subtractResources(pool.template.allocatable, overhead),
    overhead,
    labels: sharedBy(variants),
    variants,
    taints: pool.template.taints,
  };
}

/** What a new node of the pool offers to pods, given what DaemonSets take from the present ones. */
export function newNodeRoom(pool: PoolConfig, nodes: readonly PoolNode[]): Resources {
  const loads = nodes.flatMap((node) =>
    node.phase === 'ready' && node.pods !== null ? [loadOf(node, node.pods)] : [],
  );
  return subtractResources(pool.template.allocatable, overheadOf(loads));
}

/** DaemonSets take from every new node the most that they take from a present one, of each resource. */
function overheadOf(loads: readonly NodeLoad[]): Resources {
  const overhead = mutable(NO_RESOURCES);
  for (const { resident } of loads) {
    overhead.cpuMillicores = Math.max(overhead.cpuMillicores, resident.cpuMillicores);
    overhead.memoryBytes = Math.max(overhead.memoryBytes, resident.memoryBytes);
    overhead.pods = Math.max(overhead.pods, resident.pods);
    overhead.gpus = Math.max(overhead.gpus, resident.gpus);
  }
  return overhead;
}

/** The labels that a machine of each offering will carry; offerings of the same labels count once. */
function labelsByOffering(pool: PoolConfig, loads: readonly NodeLoad[]): Labels[] {
  const variants = new Map<string, Labels>();
  const arch = new Set(loads.map(({ node }) => node.labels[ARCH_LABEL]));
  const [onlyArch] = arch;
  for (const { instanceType, zone, region, capacityType } of offeringsOf(pool)) {
    const labels = {
      'kubernetes.io/os': 'linux',
      ...(arch.size === 1 && onlyArch !== undefined ? { [ARCH_LABEL]: onlyArch } : {}),
      'topology.kubernetes.io/zone': zone,
      'topology.kubernetes.io/region': region,
      'node.kubernetes.io/instance-type': instanceType,
      'karpenter.sh/capacity-type': capacityType.replace('_', '-'),
      ...pool.selector,
      ...pool.template.labels,
    };
    variants.set(JSON.stringify(labels), labels);
  }
  return [...variants.values()];
}

/** What is known of a machine before it is known which one it is. */
function sharedBy([first = {}, ...rest]: readonly Labels[]): Labels {
  return Object.fromEntries(
    Object.entries(first).filter(([key, value]) => rest.every((labels) => labels[key] === value)),
  );
}
