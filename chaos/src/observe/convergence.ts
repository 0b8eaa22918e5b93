import { boundsAt } from '@forescale/shared/config';
import type { ClusterNode } from '@forescale/shared/domain';
import type { StateBucket } from '@forescale/shared/state';
import type { SimulatedCluster } from '@forescale/simulator/cluster';
import type { SeenObjects } from '../ports/kube.ts';
import { needs, SPARE_NODES_MAX } from '../world/need.ts';
import { POOL, pool } from '../world/scenario.ts';
import type { Observer } from './observer.ts';

const MINUTE_MS = 60_000;
const DRAIN_TAINT = 'forescale.dev/draining';
/** A pod that waits longer than a boot, while nothing boots, waits for nobody. */
const PENDING_MS_MAX = 5 * MINUTE_MS;

/** How long a node may be at each step when all is well: a few ticks, or what the configuration says. */
const STEP_MS_MAX: Readonly<Record<string, number>> = {
  intended: 4 * MINUTE_MS,
  requested: pool.registrationTimeoutMs + 2 * MINUTE_MS,
  launched: pool.registrationTimeoutMs + 2 * MINUTE_MS,
  draining: pool.scaleDown.drainGraceMs + 3 * MINUTE_MS,
  removing: 5 * MINUTE_MS,
};

/** What a journal entry says, as far as it is looked at here. */
interface Entry {
  readonly requestId: string;
  readonly nodeName: string;
  readonly state: string;
  readonly machineIds: readonly string[];
  readonly createdMs: number;
  readonly drain: { readonly startedMs: number } | null;
  readonly removal: { readonly startedMs: number } | null;
}

export interface Settled {
  readonly cluster: SimulatedCluster;
  readonly seen: SeenObjects;
  readonly observer: Observer;
  readonly journal: StateBucket;
  readonly loadAt: (nowMs: number) => number;
}

async function journalOf(bucket: StateBucket): Promise<Entry[]> {
  const keys = await bucket.keys(`node.${POOL}.`);
  const entries = await Promise.all(keys.map((key) => bucket.get(key)));
  return entries.flatMap((entry) => (entry === null ? [] : [JSON.parse(new TextDecoder().decode(entry.value))]));
}

/**
 * Why the pool is not at rest, one line each; none when it is. At rest, the need of the last ten minutes is covered by nodes
 * that are Ready or on their way, within the bounds; nobody waits for a machine that nobody has ordered; and no node is
 * stuck on its way in or out.
 */
export async function whyUnsettled({ cluster, seen, observer, journal, loadAt }: Settled): Promise<string[]> {
  const nowMs = cluster.nowMs();
  const entries = await journalOf(journal);
  const nodes = seen.nodes(cluster).filter((node) => node.labels['forescale.dev/pool'] === POOL);
  const machines = observer.machines();
  const alive = new Set(machines.map(({ nodeName }) => nodeName));
  const serving = nodes.filter((node) => node.ready && !node.unschedulable && alive.has(node.name)).length;
  const known = new Set(nodes.map(({ name }) => name));
  const starting = machines.filter(
    ({ nodeName, requestedMs }) => !known.has(nodeName) && nowMs - requestedMs <= pool.registrationTimeoutMs,
  ).length;
  const booting = nodes.filter((node) => !node.ready && isBooting(entries, node)).length;
  const why: string[] = [];
  // The least of the last ten minutes: what came later may still be on its way.
  const need = Math.min(...needs(nowMs, loadAt, 10));
  if (serving + starting + booting < need)
    why.push(`${serving} nodes serve and ${starting + booting} start, but ${need} are needed`);
  const max = observer.maxInForce();
  if (serving + starting + booting > max)
    why.push(`${serving} nodes serve and ${starting + booting} start, but no more than ${max} may`);
  const waiting = seen
    .pods(cluster)
    .filter((pod) => pod.nodeName === null && !pod.terminating && nowMs - pod.createdMs > PENDING_MS_MAX);
  const isFull = machines.length >= boundsAt(pool, nowMs, null).maxNodes.value;
  if (waiting.length > 0 && starting + booting === 0 && !isFull)
    why.push(`${waiting.length} pods wait, and no machine is on its way: ${waiting[0]?.name}`);
  const leaving = entries.filter(({ state }) => state === 'draining' || state === 'removing').length;
  if (machines.length > serving + starting + booting + leaving)
    why.push(`${machines.length} machines run, but ${serving} serve, ${starting + booting} start and ${leaving} leave`);
  why.push(...stuckSteps(entries, nowMs), ...stuckNodes(entries, nodes), ...deadNodes(entries, nodes, alive));
  return why;
}

/** Why there are more machines than the calm of the last hours asks for. Busy spot nodes keep on-demand ones beside them. */
export function whyTooMany({ cluster, observer, loadAt }: Settled): string[] {
  const most = Math.max(...needs(cluster.nowMs(), loadAt, 60)) + 2 * SPARE_NODES_MAX;
  const { length } = observer.machines();
  return length > most ? [`${length} machines run, and ${most} would do`] : [];
}

function isBooting(entries: readonly Entry[], node: ClusterNode): boolean {
  return entries.some(
    ({ nodeName, state }) => nodeName === node.name && (state === 'requested' || state === 'launched'),
  );
}

function stuckSteps(entries: readonly Entry[], nowMs: number): string[] {
  return entries.flatMap(({ requestId, state, createdMs, drain, removal }) => {
    const sinceMs = state === 'removing' ? removal?.startedMs : state === 'draining' ? drain?.startedMs : createdMs;
    const most = STEP_MS_MAX[state];
    const ageMs = nowMs - (sinceMs ?? nowMs);
    return most !== undefined && ageMs > most
      ? [`${requestId} is ${state} for ${Math.round(ageMs / MINUTE_MS)} min`]
      : [];
  });
}

/** Nodes that are closed for a drain that nobody is at. */
function stuckNodes(entries: readonly Entry[], nodes: readonly ClusterNode[]): string[] {
  const leaving = new Set(
    entries.filter(({ state }) => state === 'draining' || state === 'removing').map(({ nodeName }) => nodeName),
  );
  return nodes
    .filter((node) => node.taints.some(({ key }) => key === DRAIN_TAINT) && !leaving.has(node.name))
    .map((node) => `${node.name} is closed for a drain, and nobody drains it`);
}

/** Nodes that outlived their machine and that nobody is at: they would count as out of order for ever. */
function deadNodes(entries: readonly Entry[], nodes: readonly ClusterNode[], alive: ReadonlySet<string>): string[] {
  const known = new Set(entries.map(({ nodeName }) => nodeName));
  return nodes
    .filter(({ name }) => !alive.has(name) && !known.has(name))
    .map(({ name }) => `${name} has no machine any more, and nobody deletes it`);
}

/** Machines that nobody knows: no entry of the journal, and no Node. */
export async function orphansOf({ cluster, seen, observer, journal }: Settled): Promise<string[]> {
  const entries = await journalOf(journal);
  const known = new Set(entries.flatMap(({ machineIds, requestId }) => [...machineIds, requestId]));
  const nodes = new Set(seen.nodes(cluster).map(({ name }) => name));
  return observer
    .machines()
    .filter(({ id, requestId, nodeName }) => !known.has(id) && !known.has(requestId) && !nodes.has(nodeName))
    .map(
      ({ id, requestedMs }) => `${id}, requested ${Math.round((cluster.nowMs() - requestedMs) / MINUTE_MS)} min ago`,
    );
}
