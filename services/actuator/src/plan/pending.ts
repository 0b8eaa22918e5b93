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
import { isResident, loadOf, type NodeLoad } from './node-load.ts';
import { offeringsOf } from './offerings.ts';
import { accepts, classesOf, mutable, type Place, placeClass } from './packing.ts';
import type { PlanState, PoolNode, Reason } from './types.ts';

const DELAY_ANNOTATION = 'cluster-autoscaler.kubernetes.io/pod-scale-up-delay';
const NEW_NODES_MAX = 10_000;

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
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
}

/**
 * Packs the pending pods, and those that nodes on their way out will set free, largest first: into what is free on
 * Ready nodes, then onto starting ones, then onto new ones. Takes from the places of `loads`. Nodes of ours that are still empty count as they were ordered, whatever
 * taints they have got since: were they left out, each plan would order them again, and growth would never stop.
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
  const pods = waiting.filter((pod) => accepts(template, pod) && fits(pod.requests, template.allocatable));
  if (pods.length < waiting.length) {
    const text = `${waiting.length - pods.length} of ${waiting.length} pending pods fit no node of this pool`;
    reasons.push({ code: 'pods-fit-nowhere', text });
  }
  const places = [
    ...loads.map((load) => placeOf(load, template)),
    ...state.starting.map(({ offering }) => newPlace(template, offering.allocatable)),
  ];
  const added: Place[] = [];
  const servedUids: string[] = [];
  for (const one of classesOf(pods, template.allocatable)) {
    let placed = placeClass(one, places);
    const rest = () => ({ ...one, pods: one.pods.slice(placed) });
    placed += placeClass(rest(), added);
    while (placed < one.pods.length && added.length < NEW_NODES_MAX) {
      const place = newPlace(template);
      added.push(place);
      placed += placeClass(rest(), [place]);
    }
    for (const pod of one.pods.slice(0, placed)) servedUids.push(pod.uid);
  }
  return { newNodes: added.length, pods: pods.length, servedUids };
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
  return node.owned && movable.length === 0 ? { ...place, taints: template.taints } : place;
}

/** Of a machine of the template's size, or of `allocatable` where that is declared. */
function newPlace({ allocatable, overhead, labels, taints }: Template, declared: Resources | null = null): Place {
  return { free: mutable(declared === null ? allocatable : subtractResources(declared, overhead)), labels, taints };
}

function templateOf(pool: PoolConfig, loads: readonly NodeLoad[]): Template {
  const overhead = overheadOf(loads);
  return {
    allocatable: subtractResources(pool.template.allocatable, overhead),
    overhead,
    labels: { 'kubernetes.io/os': 'linux', ...sharedLabels(pool), ...pool.selector, ...pool.template.labels },
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

/** DaemonSets take from every new node what they take from the present one on which they take most. */
function overheadOf(loads: readonly NodeLoad[]): Resources {
  let overhead = NO_RESOURCES;
  for (const { resident } of loads) if (resident.cpuMillicores > overhead.cpuMillicores) overhead = resident;
  return overhead;
}

/** Labels that every machine of the pool will carry, whichever offering it comes from. */
function sharedLabels(pool: PoolConfig): Record<string, string> {
  const labels: Record<string, string> = {};
  const offerings = offeringsOf(pool);
  const fields = {
    'topology.kubernetes.io/zone': 'zone',
    'topology.kubernetes.io/region': 'region',
    'node.kubernetes.io/instance-type': 'instanceType',
    'karpenter.sh/capacity-type': 'capacityType',
  } as const;
  for (const [label, field] of Object.entries(fields)) {
    const values = new Set(offerings.map((one) => one[field as keyof typeof one] as string));
    const [only] = values;
    if (values.size === 1 && only !== undefined) labels[label] = only.replace('_', '-');
  }
  return labels;
}
