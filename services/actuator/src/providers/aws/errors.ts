import { z } from 'zod';
import { MARK_MS, type Mark, type ProviderError, QUOTA_MARK_MS } from '../errors.ts';
import { classified, type Refusal, type Rule } from '../refusal.ts';

const MARK: Mark = { ms: MARK_MS, scope: 'offering' };

/** A subnet lies in one zone. Codes as `CreateFleet` lists them, and as EC2, auto scaling, SQS and the price list fail with. */
const RULES: readonly Rule[] = [
  { errorClass: 'capacity', codes: /^InsufficientFreeAddressesInSubnet$/, mark: { scope: 'zone' } },
  {
    errorClass: 'capacity',
    codes:
      /^(Insufficient(Instance|Host|Volume)Capacity|UnfulfillableCapacity|Unsupported|ReservationCapacityExceeded|SpotMaxPriceTooLow)$/,
  },
  { errorClass: 'quota', codes: /^MaxSpotInstanceCountExceeded$/, mark: { ms: QUOTA_MARK_MS, scope: 'spot' } },
  { errorClass: 'quota', codes: /^MaxFleetCountExceeded$/, mark: { ms: QUOTA_MARK_MS, scope: 'region' } },
  {
    errorClass: 'quota',
    codes: /^(Vcpu|Instance|Volume)LimitExceeded$|^LimitExceeded(Fault)?$/,
    mark: { ms: QUOTA_MARK_MS },
  },
  {
    errorClass: 'throttled',
    // The last two: the group is at another change just now, and this one was not begun.
    codes:
      /^(RequestLimitExceeded|(Kms)?Thrott(ling|led)(Exception)?|RequestThrottled|OverLimit|ResourceContention|ScalingActivityInProgress)(Fault)?$/,
  },
  {
    errorClass: 'transient',
    codes: /^(InternalError(Exception)?|InternalFailure|Unavailable|ServiceUnavailable(Exception)?)$/,
  },
  {
    errorClass: 'auth',
    codes:
      /^(UnauthorizedOperation|AuthFailure.*|ExpiredToken(Exception)?|RequestExpired|AccessDenied(Exception)?|InvalidClientTokenId|InvalidSignatureException|SignatureDoesNotMatch|UnrecognizedClientException|MissingAuthenticationToken(Exception)?|IncompleteSignature|OptInRequired|PendingVerification|CredentialsProviderError)$/,
  },
  { errorClass: 'config', codes: /^(Invalid.*|IdempotentParameterMismatch)$/ },
];

/**
 * One of the list `Errors` of a `CreateFleet` that made fewer machines than it was asked for. The answer is there: a code that
 * nobody knows says of this offering that it is not to be had so, as an HTTP status of 400 does.
 */
const fleetError = z
  .object({ ErrorCode: z.string(), ErrorMessage: z.string().default('') })
  .transform(({ ErrorCode, ErrorMessage }): Refusal => {
    return { status: 400, code: ErrorCode, message: ErrorMessage, retryAfterMs: null };
  });

/** What the SDK throws: EC2's code is the error's name, and without an answer there is none. */
const sdkError = z
  .object({
    name: z.string().default(''),
    message: z.string().default(''),
    $metadata: z.object({ httpStatusCode: z.number().optional() }).optional(),
  })
  .transform(({ name, message, $metadata }): Refusal => {
    return { status: $metadata?.httpStatusCode ?? null, code: name, message, retryAfterMs: null };
  });

const failure = z.union([fleetError, sdkError]);

/** What an error of EC2 means: one that the SDK threw, or one of a fleet's. */
export function awsError(error: unknown): ProviderError {
  const refusal = failure.safeParse(error);
  const unknown: Refusal = { status: null, code: '', message: String(error), retryAfterMs: null };
  return classified(refusal.success ? refusal.data : unknown, RULES, MARK);
}
