import { z } from 'zod';
import { MARK_MS, type Mark, type ProviderError, QUOTA_MARK_MS } from '../errors.ts';
import { classified, type Refusal, type Rule } from '../refusal.ts';

const MARK: Mark = { ms: MARK_MS, scope: 'offering' };

/** A subnet lies in one zone. Codes as `CreateFleet` lists them and as EC2 itself fails with them. */
const RULES: readonly Rule[] = [
  { errorClass: 'capacity', codes: /^InsufficientFreeAddressesInSubnet$/, mark: { scope: 'zone' } },
  {
    errorClass: 'capacity',
    codes:
      /^(InsufficientInstanceCapacity|UnfulfillableCapacity|Unsupported|ReservationCapacityExceeded|SpotMaxPriceTooLow)$/,
  },
  { errorClass: 'quota', codes: /^MaxSpotInstanceCountExceeded$/, mark: { ms: QUOTA_MARK_MS, scope: 'spot' } },
  { errorClass: 'quota', codes: /^MaxFleetCountExceeded$/, mark: { ms: QUOTA_MARK_MS, scope: 'region' } },
  { errorClass: 'quota', codes: /^VcpuLimitExceeded$/, mark: { ms: QUOTA_MARK_MS } },
  { errorClass: 'throttled', codes: /^(RequestLimitExceeded|Throttling(Exception)?)$/ },
  { errorClass: 'transient', codes: /^(InternalError|InternalFailure|Unavailable|ServiceUnavailable)$/ },
  { errorClass: 'auth', codes: /^(UnauthorizedOperation|AuthFailure.*|ExpiredToken(Exception)?|RequestExpired)$/ },
  { errorClass: 'config', codes: /^(Invalid.*|IdempotentParameterMismatch)$/ },
];

/** One of the list `Errors` of a `CreateFleet` that made fewer machines than it was asked for. */
const fleetError = z
  .object({ ErrorCode: z.string(), ErrorMessage: z.string().default('') })
  .transform(({ ErrorCode, ErrorMessage }): Refusal => {
    return { status: null, code: ErrorCode, message: ErrorMessage, retryAfterMs: null };
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
