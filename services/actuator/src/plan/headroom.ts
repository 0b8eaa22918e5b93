import type { PoolConfig } from '@forescale/shared/config';
import { type ClusterPod, fits, type Resources, subtractResources } from '@forescale/shared/domain';
import type { PlaceholderSize } from '../providers/port.ts';
import { newNodeOf, overheadOf } from './new-node.ts';
import { isResident, loadOf, type NodeLoad } from './node-load.ts';
import { offeringsOf } from './offerings.ts';
import { classesOf, mutable, type Place, placeClass } from './packing.ts';
import type { PlanReport, PlanState, PoolNode } from './types.ts';

const MIB = 2 ** 20;
const EPSILON = 1e-9;
const PLACEHOLDERS_MAX = 10_000;

/** What is asked of whoever owns the nodes, beyond room for the pods that are there. */
export interface Headroom {
  /** Placeholder pods, each of `size`. */
  readonly replicas: number;
  readonly size: PlaceholderSize;
  /** Nodes that have to come for pods that wait and for placeholders. */
  readonly newNodes: number;
}

/** What `headroom` needs of a report; `desired` is how many nodes of the template are to be there. */
export type Asked = Pick<PlanReport, 'atMs' | 'desired' | 'needs' | 'ceiling' | 'usdPerHourMax'>;

/**
 * How many placeholders fill the pool up to `desired` nodes. None where the pods of now need as many by themselves: then
 * their owner keeps those nodes, or brings them, without us.
 *
 * Counted is what fits node by node, since what is left on many nodes adds up to room that no pod can use: on the fullest
 * nodes that make up `desired`, once the pods that wait have found places, and on as many new ones as are missing. And
 * never more than what all pods of now leave of `desired` nodes, so that the pods of nodes beyond them can still be moved
 * together by the owner. Both grow with `desired` alone.
 *
 * New nodes are counted up to the ceilings, each at the price of the dearest offering, since the owner chooses.
 */
export function headroom(asked: Asked, state: PlanState, pool: PoolConfig): Headroom {
  const ready = state.nodes.filter(({ phase, interruptedMs }) => phase === 'ready' && interruptedMs === null);
  const loads = ready.flatMap((node) => (node.pods === null ? [] : [loadOf(node, node.pods)]));
  const size = placeholderSize(pool, loads);
  const template = newNodeOf(pool, loads);
  const room = roomOfNewNode(pool, loads);
  const waiting = state.pendingPods.filter(
    (pod) => !pod.terminating && !isResident(pod) && template.fitting(pod) !== 'none' && fits(pod.requests, room),
  );
  const here = fullestFirst(loads).map(({ place, node }) => ({ place, units: node.units }));
  const coming = placesOfWaiting(
    waiting,
    here.map(({ place }) => place),
    pool,
    loads,
  );
  const all = [...here, ...coming.map((place) => ({ place, units: 1 }))];
  if (asked.desired <= nodesOfNow(asked)) return { replicas: 0, size, newNodes: coming.length };

  const slots = slotsUpTo(asked.desired, all, size);
  const units = all.reduce((sum, one) => sum + one.units, 0);
  const more = Math.min(Math.floor(asked.desired - units + EPSILON), allowed(asked, state, pool, coming.length));
  const newNodes = Math.max(0, more);
  const filled = slots + newNodes * slotsIn(room, size);
  const left = leftOf(asked.desired, room, [...loads.flatMap(({ movable }) => movable), ...waiting], size);
  const most = Math.min(
    PLACEHOLDERS_MAX,
    pool.provider.kind === 'buffer' ? pool.provider.replicasMax : Number.MAX_VALUE,
  );
  return { replicas: Math.max(0, Math.min(filled, left, most)), size, newNodes: coming.length + newNodes };
}

/** What the observed load and the pods that wait need, in nodes. */
function nodesOfNow({ needs }: Asked): number {
  const ofNow = needs.filter(({ source }) => source.startsWith('observed:') || source === 'pending');
  return Math.max(0, ...ofNow.map(({ nodes }) => nodes));
}

/** As configured, else a part of what DaemonSets leave of a node of the template. */
function placeholderSize({ provider, template }: PoolConfig, loads: readonly NodeLoad[]): PlaceholderSize {
  const configured = provider.kind === 'buffer' ? provider.placeholder : null;
  if (configured !== null) return configured;
  const parts = provider.kind === 'buffer' ? provider.perNode : 1;
  const { cpuMillicores, memoryBytes, gpus } = subtractResources(template.allocatable, overheadOf(loads));
  return {
    cpuMillicores: Math.max(0, Math.floor(cpuMillicores / parts)),
    memoryBytes: Math.max(0, Math.floor(memoryBytes / parts / MIB) * MIB),
    gpus: Math.max(0, Math.floor(gpus / parts)),
  };
}

/** What a new node offers at least: the template, or less where a node that is there has less. */
function roomOfNewNode(pool: PoolConfig, loads: readonly NodeLoad[]): Resources {
  const { allocatable } = pool.template;
  const least = (field: keyof Resources) =>
    Math.min(allocatable[field], ...loads.map(({ node }) => node.allocatable[field]));
  const whole = {
    cpuMillicores: least('cpuMillicores'),
    memoryBytes: least('memoryBytes'),
    pods: least('pods'),
    gpus: least('gpus'),
  };
  return subtractResources(whole, overheadOf(loads));
}

function fullestFirst(loads: readonly NodeLoad[]): NodeLoad[] {
  return loads.toSorted((a, b) => b.utilisation - a.utilisation || (a.node.name < b.node.name ? -1 : 1));
}

/** Places on new nodes that pods need which fit nowhere; those that fit take from the places that are there. */
function placesOfWaiting(
  waiting: readonly ClusterPod[],
  here: readonly Place[],
  pool: PoolConfig,
  loads: readonly NodeLoad[],
): Place[] {
  const { labels, taints } = newNodeOf(pool, loads);
  const room = roomOfNewNode(pool, loads);
  const coming: Place[] = [];
  for (const { sample, pods } of classesOf(waiting, pool.template.allocatable, false)) {
    let placed = placeClass(sample, pods.length, [...here, ...coming], null, () => {});
    while (placed < pods.length) {
      const name = `new node ${coming.length}`;
      const own = { pods: [], ruled: [], topology: labels, isNew: true };
      const place: Place = { name, free: mutable(room), labels, taints, ...own };
      const count = placeClass(sample, pods.length - placed, [place], null, () => {});
      if (count === 0) break;
      coming.push(place);
      placed += count;
    }
  }
  return coming;
}

/** On the first of the places that together are at most so many nodes of the template. */
function slotsUpTo(
  desired: number,
  places: readonly { readonly place: Place; readonly units: number }[],
  size: PlaceholderSize,
): number {
  let left = desired + EPSILON;
  let slots = 0;
  for (const { place, units } of places) {
    left -= units;
    if (left < 0) break;
    slots += slotsIn(place.free, size);
  }
  return slots;
}

function slotsIn(free: Resources, size: PlaceholderSize): number {
  return Math.max(0, Math.floor(Math.min(free.pods, scarcest(free, size))));
}

function scarcest(free: Omit<Resources, 'pods'>, size: PlaceholderSize): number {
  const of = (field: keyof PlaceholderSize) =>
    size[field] > 0 ? free[field] / size[field] + EPSILON : Number.POSITIVE_INFINITY;
  return Math.min(of('cpuMillicores'), of('memoryBytes'), of('gpus'));
}

/** What pods leave of so many nodes, as if all could be moved at will. */
function leftOf(nodes: number, room: Resources, pods: readonly ClusterPod[], size: PlaceholderSize): number {
  const free = {
    cpuMillicores: nodes * room.cpuMillicores,
    memoryBytes: nodes * room.memoryBytes,
    gpus: nodes * room.gpus,
  };
  for (const { requests } of pods) {
    free.cpuMillicores -= requests.cpuMillicores;
    free.memoryBytes -= requests.memoryBytes;
    free.gpus -= requests.gpus;
  }
  return Math.floor(scarcest(free, size));
}

/** How many nodes may come beside those that are there, and those that pods need which wait. */
function allowed(asked: Asked, state: PlanState, pool: PoolConfig, coming: number): number {
  const here = state.nodes.filter((node) => !isComing(node, pool, asked.atMs));
  const count = asked.ceiling - here.length - coming;
  const price = Math.max(...offeringsOf(pool).map(({ usdPerHour }) => usdPerHour));
  if (asked.usdPerHourMax === null || price <= 0) return count;
  const usdPerHour = here.reduce((sum, node) => sum + node.usdPerHour, coming * price);
  return Math.min(count, Math.floor((asked.usdPerHourMax - usdPerHour) / price + EPSILON));
}

/** Has joined lately and is not Ready yet: one of those that placeholders have called for. */
function isComing({ phase, createdMs }: PoolNode, pool: PoolConfig, nowMs: number): boolean {
  return phase === 'notready' && nowMs - createdMs < pool.registrationTimeoutMs;
}
