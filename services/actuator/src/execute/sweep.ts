import { NO_PRICE, type OfferingConfig, type PoolConfig } from '@forescale/shared/config';
import type { ClusterNode, ClusterState } from '@forescale/shared/domain';
import type { Machine } from '../providers/port.ts';
import { type ExecuteContext, type Permission, reasonOf } from './context.ts';
import { poolGroups, trimGroups } from './groups.ts';
import type { Listing } from './machines.ts';
import { nodeFinder } from './node-of.ts';
import type { NodeRecord } from './record.ts';
import { beginRemoval } from './remove.ts';
import { adopt, CAPACITY_LABEL, findMachines, INSTANCE_LABEL, madeMs } from './request.ts';

/** Nobody's machines are terminated this many at a time: a mistake of ours must not empty an account. */
const TERMINATED_PER_SWEEP_MAX = 5;
/** Over the time that a machine may take to register. */
const GRACE_MS = 5 * 60_000;
const SIGHTINGS_MIN = 2;

/** What was seen in earlier sweeps: how often in a row, by machine id and by request id. */
export interface Sightings {
  unknown: ReadonlyMap<string, number>;
  missing: ReadonlyMap<string, number>;
}

/**
 * Compares a listing of the provider with the journal and the cluster, both read *after* it, so that a machine that
 * is new in them cannot look unknown:
 * - a machine of an open intent is adopted, and so is one whose Node serves but that the journal has lost;
 * - one that nobody knows is terminated when it is older than any that may still register and was seen twice, few at a
 *   time, and never while the journal is empty, which may be a loss rather than the truth;
 * - a record whose machine was missing twice gives its node up.
 * Resolves to the sightings for the next sweep.
 */
export async function sweep(
  context: ExecuteContext,
  { machines: listed, silent }: Listing,
  cluster: ClusterState,
  before: Sightings,
  permission: Permission,
  nowMs: number,
): Promise<Sightings> {
  const { journal, pool } = context;
  const groups = poolGroups(context);
  const isOurs = (machine: Machine) =>
    machine.group === null ? machine.pool === pool.name : groups.has(machine.group);
  const machines = listed.filter((machine) => isOurs(machine) && machine.state !== 'terminating');
  const nodes = nodeFinder(cluster);
  const claimed = new Set(journal.records().flatMap((record) => record.machineIds));
  const unknown = new Map<string, number>();
  for (const machine of machines) {
    const record = journal.get(requestIdOf(machine));
    if (claimed.has(machine.id)) continue;
    if (record?.state === 'intended') {
      await adopt(context, record, [machine], madeMs([machine], nowMs));
      continue;
    }
    const node = nodes(machine);
    if (!record && node) await journal.add(lostRecord(context, machine, node));
    else unknown.set(machine.id, (before.unknown.get(machine.id) ?? 0) + 1);
  }
  const mayTerminate = permission === 'all' && journal.records().length > 0;
  const orphans = machines.filter(
    (machine) =>
      (unknown.get(machine.id) ?? 0) >= SIGHTINGS_MIN &&
      nowMs - machine.createdMs > pool.registrationTimeoutMs + GRACE_MS,
  );
  if (mayTerminate) {
    await Promise.all(orphans.slice(0, TERMINATED_PER_SWEEP_MAX).map((one) => terminate(context, one)));
    await trimGroups(context, groups);
  } else if (orphans.length > 0) context.onTrouble(`${orphans.length} machines belong to nobody: ${orphans[0]?.id}`);
  return { unknown, missing: await giveUpMissing(context, machines, silent, before.missing, nowMs) };
}

async function terminate(context: ExecuteContext, machine: Machine): Promise<void> {
  context.onTrouble(`machine ${machine.id} belongs to nobody and is terminated`);
  try {
    await context.machines.terminate(machine.id, machine.place);
  } catch (error) {
    context.onTrouble(`machine ${machine.id} cannot be terminated: ${reasonOf(error)}`);
  }
}

async function giveUpMissing(
  context: ExecuteContext,
  machines: readonly Machine[],
  silent: Listing['silent'],
  before: ReadonlyMap<string, number>,
  nowMs: number,
): Promise<ReadonlyMap<string, number>> {
  const present = new Set(machines.map((machine) => machine.id));
  const missing = new Map<string, number>();
  for (const record of context.journal.records()) {
    const started = record.state === 'requested' || record.state === 'registered';
    if (!started || record.machineIds.some((id) => present.has(id))) continue;
    const timesBefore = before.get(record.requestId) ?? 0;
    const isAsked = !silent.has(record.offering.provider);
    const times = timesBefore + (isAsked ? 1 : 0);
    missing.set(record.requestId, times);
    if (!isAsked || times < SIGHTINGS_MIN || (await findMachines(context, record)).length > 0) continue;
    const message = 'its machine was gone before it became a Ready node';
    const { nodeName, offering } = record;
    context.onFailure({ stage: 'boot', nodeName, offering, errorClass: null, mark: null, message, timeMs: nowMs });
    await beginRemoval(context, record, { failed: true, why: message }, nowMs);
  }
  return missing;
}

/** A machine that was not made on request is known by its node's name. */
function requestIdOf(machine: Machine): string {
  return machine.requestId || machine.nodeName;
}

/** The journal's entry for a node that serves and has none. */
function lostRecord(context: ExecuteContext, machine: Machine, node: ClusterNode): NodeRecord {
  return {
    requestId: requestIdOf(machine) || node.name,
    pool: context.pool.name,
    clusterTag: context.clusterTag,
    generation: 0,
    queued: false,
    state: 'ready',
    nodeName: node.name,
    offering: soldAs(context, machine, node),
    machineIds: [machine.id],
    group: machine.group,
    providerId: machine.providerId,
    // Providers tell of times as finely as they like; the journal keeps whole milliseconds.
    createdMs: Math.round(machine.createdMs),
    launchedMs: Math.round(machine.createdMs),
    registeredMs: node.createdMs,
    readyMs: node.ready ? node.readyChangedMs : node.createdMs,
    // When that was nobody has seen.
    usefulMs: node.createdMs,
    why: 'adopted: a machine of this cluster whose node serves',
    drain: null,
    removal: null,
  };
}

function soldAs({ pool, machines }: ExecuteContext, machine: Machine, node: ClusterNode): OfferingConfig {
  const known = machine.group === null ? null : pool.offerings.find((one) => machines.groupOf(one) === machine.group);
  return known ?? { ...offeringOf(pool, node), provider: machine.place.provider };
}

/** What a node is, from its labels; the price from the configuration, 0 where that does not name it. */
export function offeringOf(pool: PoolConfig, node: ClusterNode): OfferingConfig {
  const label = (key: string) => node.labels[key] ?? '';
  const is = {
    provider: '',
    instanceType: label(INSTANCE_LABEL) || label('node.kubernetes.io/instance-type'),
    region: label('topology.kubernetes.io/region'),
    zone: label('topology.kubernetes.io/zone'),
    capacityType: label(CAPACITY_LABEL) === 'spot' ? ('spot' as const) : ('on_demand' as const),
  };
  const known = pool.offerings.find(
    (one) => one.instanceType === is.instanceType && one.zone === is.zone && one.capacityType === is.capacityType,
  );
  return known ?? { ...is, usdPerHour: 0, allocatable: null, interruption: null, price: NO_PRICE };
}
