import type { Bounds, PoolConfig } from '@forescale/shared/config';
import { type Capacity, capacityOf, isShort, stayingMachines, type Target } from './fleet.ts';
import { type Outlook, outlookOf } from './keep-draining.ts';
import { count, keepsPolicy, offeringId, reclaimsIn, tallyOf, unitsOf } from './offerings.ts';
import { addShares, sharesOf } from './shares.ts';
import type { Action, Reason, StartingNode } from './types.ts';

/**
 * Takes back what was ordered, waits for its turn at its provider's rate, and is not needed any more: nobody has been asked
 * for it yet. The newest first; nothing without which the target, the pods that wait, or the policy for spot lack it.
 */
export function takeBackQueued(
  outlook: Outlook,
  pool: PoolConfig,
  bounds: Bounds,
  target: Target,
  nowMs: number,
  reasons: Reason[],
): Action[] {
  const queued = outlook.fleet.starting.filter((one) => one.queued === true);
  if (queued.length === 0) return [];
  const spare = spareOf(queued, outlook, pool, bounds, target);
  const gone = new Set(spare.map(({ requestId }) => requestId));
  const left = { ...outlook.state, starting: outlook.state.starting.filter((one) => !gone.has(one.requestId)) };
  const homeless = spare.length === 0 ? 0 : outlookOf(left, pool, nowMs).pending.newNodes - outlook.pending.newNodes;
  const taken = spare.slice(0, Math.max(0, spare.length - homeless));
  const waiting = queued.length - taken.length;
  if (waiting > 0)
    reasons.push({ code: 'queued', text: `${waiting} machines wait for their turn at the rate of their provider` });
  return taken.map(({ requestId }) => ({
    kind: 'cancel-start',
    requestId,
    reason: 'not needed any more, and not asked for yet',
  }));
}

function spareOf(
  queued: readonly StartingNode[],
  { fleet }: Outlook,
  pool: PoolConfig,
  { spot }: Bounds,
  target: Target,
): StartingNode[] {
  const { allocatable: template } = pool.template;
  const reclaims = reclaimsIn(pool);
  let capacity: Capacity = capacityOf(fleet, pool);
  let tally = tallyOf(stayingMachines(fleet, pool), pool);
  const spare: StartingNode[] = [];
  for (const one of queued.toReversed()) {
    const { offering } = one;
    const { capacityType } = offering;
    const units = unitsOf(offering.allocatable, template);
    const after: Capacity = {
      shares: addShares(capacity.shares, sharesOf(offering.allocatable, template), -1),
      nodes: capacity.nodes - 1,
    };
    const tallyAfter = { ...tally };
    count(tallyAfter, capacityType, units, reclaims({ capacityType, offeringId: offeringId(offering), units }), -1);
    if (isShort(after, target) || (capacityType !== 'spot' && !keepsPolicy(tallyAfter, spot))) continue;
    spare.push(one);
    capacity = after;
    tally = tallyAfter;
  }
  return spare;
}
