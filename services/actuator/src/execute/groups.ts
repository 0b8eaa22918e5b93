import type { OfferingConfig } from '@forescale/shared/config';
import type { ClusterState } from '@forescale/shared/domain';
import { asProviderError, type ProviderError } from '../providers/errors.ts';
import type { Machine } from '../providers/port.ts';
import { type ExecuteContext, type Permission, reasonOf } from './context.ts';
import { nodeFinder } from './node-of.ts';
import { isQueued, type NodeRecord } from './record.ts';
import { takeBack } from './remove.ts';
import { adopt, createMachine, type giveUp, groupOf, madeMs, refuseRepeat, stillLeads } from './request.ts';

/** Groups that the pool buys from, or has bought from, each with an offering that it sells. */
export function poolGroups(context: ExecuteContext): ReadonlyMap<string, OfferingConfig> {
  const sold = context.pool.offerings.map((offering) => ({ offering, group: null, machineIds: [] }));
  return groupsOf(context, [...context.journal.records(), ...sold]);
}

function groupsOf(
  context: ExecuteContext,
  bought: readonly Pick<NodeRecord, 'machineIds' | 'group' | 'offering'>[],
): ReadonlyMap<string, OfferingConfig> {
  return new Map(
    bought.flatMap((one) => {
      const group = groupOf(context, one);
      return group === null ? [] : [[group, one.offering] as const];
    }),
  );
}

/** Waits for a member of its group. */
export function isOpen(context: Pick<ExecuteContext, 'machines'>, record: NodeRecord): boolean {
  return record.machineIds.length === 0 && groupOf(context, record) !== null;
}

/** How many machines a group shall have: its nodes, and those to come. A member that is removed leaves by itself. */
function sizeOf(context: ExecuteContext, group: string): number {
  return recordsOf(context, group).filter((record) => record.state !== 'removing' && !isQueued(record)).length;
}

function recordsOf(context: ExecuteContext, group: string): NodeRecord[] {
  return context.journal.records().filter((record) => groupOf(context, record) === group);
}

/**
 * Gives the members of groups to the requests that wait for one, the oldest to the oldest: a group does not say for whom
 * it has made a machine. One that comes after its request was given up is that request's still, and goes with it; unless its
 * Node serves already: should it go, then by a drain, which keeps the budgets of its pods.
 */
export async function claimMembers(
  context: ExecuteContext,
  listed: readonly Machine[],
  cluster: ClusterState,
  nowMs: number,
): Promise<void> {
  await noteGroups(context, listed);
  const nodeOf = nodeFinder(cluster);
  const taken = new Set(context.journal.records().flatMap((record) => record.machineIds));
  const free = listed
    .filter(({ id, group, state }) => group !== null && state !== 'terminating' && !taken.has(id))
    .sort((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1));
  for (const [group, members] of Map.groupBy(free, (machine) => machine.group ?? '')) {
    const open = recordsOf(context, group).filter((record) => record.machineIds.length === 0);
    const waiting = [
      ...open.filter((record) => record.state === 'intended'),
      ...open.filter((record) => record.state === 'removing'),
    ];
    for (const [i, member] of members.entries()) {
      const record = waiting[i];
      if (!record) break;
      const isGivenUp = record.state === 'removing';
      const wanted = isGivenUp && nodeOf(member)?.ready ? await takeBack(context, record) : record;
      if (wanted.state === 'intended') await adopt(context, wanted, [member], madeMs([member], nowMs));
      else
        await context.journal.update(record.requestId, {
          ...{ machineIds: [member.id], providerId: member.providerId, group },
        });
    }
  }
}

/** Records that were written before groups were noted are of the group that shows their machine. */
async function noteGroups({ journal }: ExecuteContext, listed: readonly Machine[]): Promise<void> {
  const owners = new Map(journal.records().flatMap((record) => record.machineIds.map((id) => [id, record] as const)));
  for (const { id, group } of listed) {
    const owner = owners.get(id);
    if (owner && owner.group !== group) await journal.update(owner.requestId, { group });
  }
}

/**
 * Asks again for what was asked for and has not come: groups are told sizes, so that nothing comes twice. And takes back
 * what was given up, before a machine is made that nobody waits for.
 */
export async function settleGroups(context: ExecuteContext, permission: Permission, nowMs: number): Promise<void> {
  const givenUp = context.journal.records().filter((one) => one.state === 'removing' && isOpen(context, one));
  if (permission !== 'nothing' && givenUp.length > 0 && (await stillLeads(context)))
    await trimGroups(context, groupsOf(context, givenUp));
  const open = context.journal
    .records()
    .filter(
      (record) =>
        record.state === 'intended' &&
        !isQueued(record) &&
        isOpen(context, record) &&
        context.isCounted(record.requestId) &&
        nowMs - record.createdMs <= context.pool.registrationTimeoutMs,
    );
  if (permission !== 'all' || open.length === 0 || !(await stillLeads(context))) return;
  // Written once more, they are this process's own: the one that wrote them first can withdraw them no longer.
  const own = await Promise.all(open.map((record) => context.journal.update(record.requestId, {})));
  await raiseGroups(context, own, refuseRepeat, nowMs);
}

/** Raises the group of each of these `intended` records, which they then wait for; a refusal is `refused`'s. */
export async function raiseGroups(
  context: ExecuteContext,
  records: readonly NodeRecord[],
  refused: typeof giveUp,
  nowMs: number,
): Promise<void> {
  const byGroup = Map.groupBy(records, (record) => groupOf(context, record) ?? '');
  await Promise.all([...byGroup].map(([group, open]) => raiseGroup(context, group, open, refused, nowMs)));
}

async function raiseGroup(
  context: ExecuteContext,
  group: string,
  open: readonly NodeRecord[],
  refused: typeof giveUp,
  nowMs: number,
): Promise<void> {
  // Of all that wait: a request that another process has begun says since when the group may have been raised.
  const oldest = recordsOf(context, group).find(
    (one) => one.state === 'intended' && !isQueued(one) && isOpen(context, one),
  );
  if (!oldest) return;
  let failures: readonly ProviderError[];
  try {
    ({ failures } = await createMachine(context, oldest, sizeOf(context, group)));
  } catch (cause) {
    const error = asProviderError(cause);
    if (error.ambiguous) return context.onTrouble(`group ${group}: ${error.message}; asked again at the next tick`);
    failures = open.map(() => error);
  }
  // The newest first: what the group has delivered goes to the oldest.
  const lost = open.toReversed().slice(0, failures.length);
  try {
    for (const [i, record] of lost.entries()) await refused(context, record, failures[i] as ProviderError, nowMs);
  } catch (error) {
    return context.onTrouble(`group ${group}: the answer cannot be written down: ${reasonOf(error)}`);
  }
  if (lost.length > 0) await trimGroup(context, group, oldest.offering);
}

/** Takes back what the groups were told to make and nobody waits for any more. */
export async function trimGroups(context: ExecuteContext, groups: ReadonlyMap<string, OfferingConfig>): Promise<void> {
  for (const [group, offering] of groups) await trimGroup(context, group, offering);
}

async function trimGroup(context: ExecuteContext, group: string, offering: OfferingConfig): Promise<void> {
  // A write that has failed beside this one leaves it unread, and nobody would seem to wait for anything.
  if (!context.journal.isRead) return;
  try {
    await context.machines.trim(group, offering, sizeOf(context, group));
  } catch (error) {
    context.onTrouble(`group ${group} cannot be made smaller: ${asProviderError(error).message}`);
  }
}
