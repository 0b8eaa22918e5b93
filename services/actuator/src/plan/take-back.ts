import type { Bounds, OfferingConfig, PoolConfig } from '@forescale/shared/config';
import { type Capacity, capacityOf, isShort, stayingMachines, type Target } from './fleet.ts';
import { type Outlook, outlookOf } from './keep-draining.ts';
import { count, keepsPolicy, offeringId, reclaimsIn, type StayingMachine, tallyOf, unitsOf } from './offerings.ts';
import { addShares, sharesOf, sumShares } from './shares.ts';
import type { Action, Reason, StartingNode } from './types.ts';

export interface TakeBackInput {
  readonly outlook: Outlook;
  /** What this plan orders besides, one by one. */
  readonly ordered: readonly OfferingConfig[];
  readonly pool: PoolConfig;
  readonly bounds: Bounds;
  readonly target: Target;
  readonly nowMs: number;
}

/**
 * Takes back what was ordered, waits for its turn at its provider's rate, and is not needed any more: nobody has been asked
 * for it yet. The newest first; nothing without which the target, the pods that wait, or the policy for spot lack it.
 */
export function takeBackQueued(input: TakeBackInput, reasons: Reason[]): Action[] {
  const { outlook, pool, nowMs } = input;
  const queued = outlook.fleet.starting.filter((one) => one.queued === true);
  if (queued.length === 0) return [];
  const spare = spareOf(queued, input);
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
  { outlook: { fleet }, ordered, pool, bounds: { spot }, target }: TakeBackInput,
): StartingNode[] {
  const { allocatable: template } = pool.template;
  const reclaims = reclaimsIn(pool);
  const asMachine = (offering: OfferingConfig): StayingMachine => ({
    capacityType: offering.capacityType,
    offeringId: offeringId(offering),
    units: unitsOf(offering.allocatable, template),
  });
  const sharesOfOffering = ({ allocatable }: OfferingConfig) => sharesOf(allocatable, template);
  const now = capacityOf(fleet, pool);
  let capacity: Capacity = {
    shares: addShares(now.shares, sumShares(ordered.map(sharesOfOffering))),
    nodes: now.nodes + ordered.length,
  };
  let tally = tallyOf([...stayingMachines(fleet, pool), ...ordered.map(asMachine)], pool);
  const spare: StartingNode[] = [];
  for (const one of queued.toReversed()) {
    const { offering } = one;
    const machine = asMachine(offering);
    const after: Capacity = {
      shares: addShares(capacity.shares, sharesOfOffering(offering), -1),
      nodes: capacity.nodes - 1,
    };
    const tallyAfter = { ...tally };
    count(tallyAfter, machine.capacityType, machine.units, reclaims(machine), -1);
    if (isShort(after, target) || (machine.capacityType !== 'spot' && !keepsPolicy(tallyAfter, spot))) continue;
    spare.push(one);
    capacity = after;
    tally = tallyAfter;
  }
  return spare;
}
