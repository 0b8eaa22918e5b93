import type { CapacityType } from '@forescale/shared/domain';
import { z } from 'zod';
import { MARK_MS, type Mark, type ProviderError, QUOTA_MARK_MS } from '../errors.ts';
import { classified, type HttpFailure, type Refusal, type Rule, retryAfterMs } from '../refusal.ts';

const HOUR_MS = 3_600_000;

const MARK: Mark = { ms: MARK_MS, scope: 'offering' };

/** What is not sold to the subscription in a zone is so for long; as spot it may be sold in an hour. */
const SKU_MS: Readonly<Record<CapacityType, number>> = { spot: HOUR_MS, on_demand: 23 * HOUR_MS };

/** Of a group, or an agent pool, that does one thing at a time. */
const BUSY = /^(OperationNotAllowed|Conflict)$/;

/** Until a human gives the right, takes a lock away or pays. */
const HELD_BACK =
  /^((Linked)?AuthorizationFailed|.*AuthenticationToken.*|ScopeLocked|RequestDisallowedByPolicy|ReadOnlyDisabledSubscription|MissingSubscriptionRegistration)$/;

/** `OperationNotAllowed` says only in its text which quota is full; of another text it is a wrong request. */
function rulesFor(capacityType: CapacityType): readonly Rule[] {
  const quota = /^(OperationNotAllowed|QuotaExceeded)$/;
  return [
    { errorClass: 'capacity', codes: /^SkuNotAvailable$/, mark: { ms: SKU_MS[capacityType] } },
    {
      errorClass: 'capacity',
      codes: /^((Zonal)?AllocationFailed|Overconstrained(Zonal)?AllocationRequest)$/,
      mark: { ms: HOUR_MS },
    },
    // A network lies in all zones of its region.
    { errorClass: 'capacity', codes: /^SubnetIsFull$/, mark: { scope: 'region' } },
    { errorClass: 'throttled', codes: BUSY, message: /in progress|another operation/i },
    { errorClass: 'quota', codes: quota, message: /LowPriorityCores/i, mark: { ms: QUOTA_MARK_MS, scope: 'spot' } },
    {
      errorClass: 'quota',
      codes: quota,
      message: /Total Regional Cores/i,
      mark: { ms: QUOTA_MARK_MS, scope: 'region' },
    },
    { errorClass: 'quota', codes: quota, message: /Family Cores quota/i, mark: { ms: QUOTA_MARK_MS } },
    { errorClass: 'quota', codes: /^(QuotaExceeded|(ErrCode_)?InsufficientVCPUQuota)$/, mark: { ms: QUOTA_MARK_MS } },
    { errorClass: 'quota', codes: /^PublicIPCountLimitReached$/, mark: { ms: QUOTA_MARK_MS, scope: 'region' } },
    { errorClass: 'throttled', codes: /^(TooManyRequests|SubscriptionRequestsThrottled|AnotherOperationInProgress)$/ },
    // Of one machine: all others may be deleted.
    { errorClass: 'config', codes: /^ScopeLocked$/, message: /delete operation/i },
    { errorClass: 'auth', codes: HELD_BACK },
    { errorClass: 'conflict', codes: /^(PreconditionFailed|ConditionNotMet)$/ },
    {
      errorClass: 'transient',
      codes:
        /^(InternalServerError|InternalExecutionError|ServerBusy|OperationTimedOut|RetryableError|OperationPreempted)$/,
    },
  ];
}

const failure = z.object({ code: z.string().default(''), message: z.string().nullish() });
const withDetails = failure.extend({ details: z.array(failure).nullish() });

/**
 * A call that was refused, and an operation that has failed, carry the same `error`; what it wraps says more. AKS leaves
 * the wrapping out.
 */
const bodySchema = z.union([
  z.object({ error: withDetails }).transform(({ error }) => error),
  withDetails.extend({ code: z.string().min(1) }),
]);

/** In Azure's own words; empty where it gave none. */
export function errorCode({ body }: Pick<HttpFailure, 'body'>): string {
  return bodySchema.safeParse(body).data?.code ?? '';
}

/** What a refusal of Azure means, for a machine of this capacity type. */
export function azureError({ status, headers, body }: HttpFailure, capacityType: CapacityType): ProviderError {
  const rules = rulesFor(capacityType);
  const error = bodySchema.safeParse(body).data;
  const all = error === undefined ? [] : [...(error.details ?? []), error];
  const said = all.find(({ code }) => rules.some(({ codes }) => codes.test(code))) ?? error;
  const refusal: Refusal = {
    // A failed operation is told with 200.
    status: status < 400 && said !== undefined ? 400 : status,
    code: said?.code ?? '',
    message: said?.message ?? '',
    retryAfterMs: retryAfterMs(headers['retry-after']),
  };
  if (status === 412) return classified({ ...refusal, code: 'PreconditionFailed' }, rules, MARK);
  if (status === 429) return classified({ ...refusal, code: 'TooManyRequests' }, rules, MARK);
  return classified(refusal, rules, MARK);
}

/** The same for a failure that a resource tells of itself. */
export function toldError(code: string, message: string, capacityType: CapacityType): ProviderError {
  return azureError({ status: 200, headers: {}, body: { error: { code, message } } }, capacityType);
}
