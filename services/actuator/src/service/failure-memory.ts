import type { OfferingConfig, PoolConfig } from '@forescale/shared/config';
import type { Failure } from '../execute/index.ts';
import { offeringId, type PlanMemory, withFailures } from '../plan/index.ts';
import { ERROR_MEANINGS, type Mark } from '../providers/errors.ts';

/** A machine that was taken back, never came, or is not to be had: its offering is passed over for a while. */
function isOfferingsFault({ stage, errorClass }: Failure): boolean {
  if (stage === 'create') return errorClass !== null && ERROR_MEANINGS[errorClass].marksOffering;
  return stage === 'boot' || stage === 'interrupted';
}

/** Whether another offering may be had though this one is not. A request that is wrong is so for every one of them. */
export function asksForAnother(failure: Failure): boolean {
  return failure.stage === 'create' && failure.errorClass !== 'config' && isOfferingsFault(failure);
}

/** What only a human can mend, until when nothing is made: in words, for the readiness report; null: it is no such failure. */
export function whyNothingIsMade({ stage, errorClass, message }: Failure): string | null {
  return stage === 'create' && (errorClass === 'config' || errorClass === 'auth') ? message : null;
}

/** The memory with a failure: for how long its offering is passed over, and which others with it, its provider says. */
export function withFailureOf(memory: PlanMemory, failure: Failure, pool: PoolConfig, nowMs: number): PlanMemory {
  if (!isOfferingsFault(failure)) return { ...memory, lastFailureMs: nowMs };
  const { offering, mark } = failure;
  const failed = mark === null ? [offering] : offeringsWithin(mark.scope, offering, pool);
  return withFailures(memory, failed.map(offeringId), nowMs, mark?.ms ?? null);
}

function offeringsWithin(scope: Mark['scope'], failed: OfferingConfig, pool: PoolConfig): readonly OfferingConfig[] {
  if (scope === 'offering') return [failed];
  const others = pool.offerings.filter(
    ({ provider, region, zone, capacityType }) =>
      provider === failed.provider &&
      region === failed.region &&
      (scope !== 'zone' || zone === failed.zone) &&
      (scope !== 'spot' || capacityType === 'spot'),
  );
  return others.length > 0 ? others : [failed];
}
