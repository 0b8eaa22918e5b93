import { type OfferingConfig, POOL_LABEL } from '@forescale/shared/config';
import { activeTraceparent, inSpan } from '@forescale/shared/telemetry';
import type { Random } from '@forescale/shared/time';
import { ERROR_MEANINGS, type ProviderError } from '../providers/errors.ts';
import type { CreateResult, Machine, MachineRequest } from '../providers/port.ts';
import { type ExecuteContext, reasonOf } from './context.ts';
import type { NodeRecord } from './record.ts';
import { beginRemoval } from './remove.ts';

/** The label by which a node says how it is paid for: `on_demand` or `spot`. */
export const CAPACITY_LABEL = 'forescale.dev/capacity-type';
/** What it was bought as: K3s' own cloud controller writes over Kubernetes' label of the instance type. */
export const INSTANCE_LABEL = 'forescale.dev/instance-type';

const NAME_ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';

/**
 * A name for one node that no other node ever had: the pool, the second (base 36), and 6 random digits (2e9), for
 * example `default-t3k9p2-4f0az1`. It is request id, token and node name in one. At most 54 characters, since the
 * label kubernetes.io/hostname carries it and labels end at 63.
 */
function newNodeName(pool: string, nowMs: number, random: Random): string {
  let digits = '';
  for (let i = 0; i < 6; i++) digits += NAME_ALPHABET[random.below(NAME_ALPHABET.length)];
  const readable = pool.slice(0, 38).replace(/^-+|-+$/g, '') || 'node';
  return `${readable}-${Math.floor(nowMs / 1_000).toString(36)}-${digits}`;
}

/** The journal's first entry for a node: an intent. */
export function newRecord(
  context: Pick<ExecuteContext, 'pool' | 'clusterTag'>,
  offering: OfferingConfig,
  generation: number,
  why: string,
  nowMs: number,
  random: Random,
): NodeRecord {
  const requestId = newNodeName(context.pool.name, nowMs, random);
  const traceparent = activeTraceparent();
  return {
    requestId,
    pool: context.pool.name,
    clusterTag: context.clusterTag,
    generation,
    ...(traceparent === undefined ? {} : { traceparent }),
    queued: false,
    state: 'intended',
    nodeName: requestId,
    offering,
    machineIds: [],
    group: null,
    createdMs: nowMs,
    providerId: '',
    launchedMs: null,
    registeredMs: null,
    readyMs: null,
    usefulMs: null,
    why,
    drain: null,
    removal: null,
  };
}

/** Nothing new is begun by a process that has been overtaken, or cannot know. */
export async function stillLeads(context: ExecuteContext): Promise<boolean> {
  try {
    if (await context.isCurrent()) return true;
    context.onTrouble('another actuator has planned the pool in the meantime: nothing is begun');
  } catch (error) {
    context.onTrouble(`nothing is begun, since another actuator may have planned the pool: ${reasonOf(error)}`);
  }
  return false;
}

/** The group that has made its machine, or is to make it; null: it is made by itself. */
export function groupOf(
  { machines }: Pick<ExecuteContext, 'machines'>,
  { machineIds, group, offering }: Pick<NodeRecord, 'machineIds' | 'group' | 'offering'>,
): string | null {
  return machineIds.length > 0 ? group : machines.groupOf(offering);
}

/**
 * Machines made for the record; those that are terminating serve nobody. An adopted machine may carry no request id:
 * it is looked for by its own.
 */
export async function findMachines(context: ExecuteContext, record: NodeRecord): Promise<readonly Machine[]> {
  const isGrouped = groupOf(context, record) !== null;
  const tagged = isGrouped ? [] : await context.machines.find(record.requestId, record.offering);
  const found = tagged.length > 0 || record.machineIds.length === 0 ? tagged : await listedOf(context, record);
  return found.filter(
    ({ id, requestId, state }) =>
      state !== 'terminating' && (requestId === record.requestId || record.machineIds.includes(id)),
  );
}

/** Rejects where its own provider does not answer. */
async function listedOf(
  { machines }: ExecuteContext,
  { clusterTag, offering }: NodeRecord,
): Promise<readonly Machine[]> {
  const listing = await machines.list(clusterTag);
  if (listing.silent.has(offering.provider)) throw listing.silent.get(offering.provider);
  return listing.machines;
}

/** Writes down the machines of a record, known since `launchedMs`, and tells that it was launched. */
export async function adopt(
  context: ExecuteContext,
  record: NodeRecord,
  machines: readonly Machine[],
  launchedMs: number,
): Promise<NodeRecord> {
  const machineIds = machines.map((machine) => machine.id);
  // A clock that was set back makes no time negative; providers tell of times as finely as they like.
  const timeMs = Math.max(record.createdMs, Math.round(launchedMs));
  const [first] = machines;
  const adopted = await context.journal.update(record.requestId, {
    state: 'requested',
    machineIds,
    launchedMs: timeMs,
    ...(first && { providerId: first.providerId, group: first.group }),
    // A group names its machines itself.
    ...(first && first.group !== null && first.nodeName !== '' && { nodeName: first.nodeName }),
  });
  const seconds = (timeMs - record.createdMs) / 1_000;
  context.onEvent({ event: 'launched', record: adopted, timeMs, seconds, why: record.why });
  return adopted;
}

/** When machines were made that are found later, as their provider says; its clock may be another. */
export function madeMs(machines: readonly Machine[], nowMs: number): number {
  return Math.min(nowMs, ...machines.map((machine) => machine.createdMs));
}

/** A first call that was not sent, since nothing new is to be begun any more, waits for another turn. */
export async function refuseFirst(
  context: ExecuteContext,
  record: NodeRecord,
  error: ProviderError,
  nowMs: number,
): Promise<void> {
  if (error.errorClass === 'fenced') await context.journal.update(record.requestId, { queued: true });
  else await giveUp(context, record, error, nowMs);
}

/** The provider said no for good: there is no machine, the record goes, and planning hears why. */
export async function giveUp(
  context: ExecuteContext,
  record: NodeRecord,
  error: ProviderError,
  nowMs: number,
): Promise<void> {
  const why = tellRefusal(context, record, error, nowMs);
  context.onEvent({ event: 'failed', record, timeMs: nowMs, seconds: null, why });
  await context.journal.remove(record.requestId);
}

/**
 * The same where an earlier call may have been carried out, and its machine not be shown yet: planning hears at once, and
 * the record goes as one that is removed, which takes the machine away should it still show itself.
 */
export async function giveUpUnseen(
  context: ExecuteContext,
  record: NodeRecord,
  error: ProviderError,
  nowMs: number,
): Promise<void> {
  const why = tellRefusal(context, record, error, nowMs);
  await beginRemoval(context, record, { failed: true, why }, nowMs);
}

/**
 * What a refused repetition says of the calls before it. Nothing, when it was refused for the caller's sake, or was not
 * sent: another node ordered now would be one too many, and the intent stays open. That the offering is not to be had
 * ends it.
 */
export async function refuseRepeat(
  context: ExecuteContext,
  record: NodeRecord,
  error: ProviderError,
  nowMs: number,
): Promise<void> {
  if (ERROR_MEANINGS[error.errorClass].marksOffering) await giveUpUnseen(context, record, error, nowMs);
  else context.onTrouble(`${record.requestId}: still not known to be made or not: ${error.message}`);
}

function tellRefusal(context: ExecuteContext, record: NodeRecord, error: ProviderError, nowMs: number): string {
  const { errorClass, mark, message } = error;
  const { nodeName, offering } = record;
  const why = `${errorClass}: ${message}`.slice(0, 1_000);
  context.onFailure({ stage: 'create', nodeName, offering, errorClass, mark, message: why, timeMs: nowMs });
  return why;
}

/** Asks for the machine of a record, or so many of its group, in a span of the plan that has ordered it. */
export function createMachine(
  context: ExecuteContext,
  record: NodeRecord,
  groupSize: number | null = null,
): Promise<CreateResult> {
  const { nodeName, offering, traceparent } = record;
  const request = machineRequest(context, record);
  const wanted = groupSize === null ? request : { ...request, groupSize };
  const attributes = {
    ...(groupSize === null ? { 'k8s.node.name': nodeName } : { 'forescale.group_size': groupSize }),
    'host.type': offering.instanceType,
    'cloud.availability_zone': offering.zone,
  };
  const create = () => context.machines.create(wanted, context.mayBegin);
  return inSpan('create machine', { parent: traceparent, attributes }, create);
}

function machineRequest(context: ExecuteContext, record: NodeRecord): MachineRequest {
  const { pool } = context;
  const { offering } = record;
  return {
    requestId: record.requestId,
    token: record.requestId,
    nodeName: record.nodeName,
    clusterTag: record.clusterTag,
    pool: pool.name,
    offering,
    labels: {
      ...pool.selector,
      ...pool.template.labels,
      [POOL_LABEL]: pool.name,
      [CAPACITY_LABEL]: offering.capacityType,
      [INSTANCE_LABEL]: offering.instanceType,
      'node.kubernetes.io/instance-type': offering.instanceType,
      'topology.kubernetes.io/region': offering.region,
      'topology.kubernetes.io/zone': offering.zone,
    },
    taints: pool.template.taints,
    createdMs: record.createdMs,
    groupSize: 1,
  };
}
