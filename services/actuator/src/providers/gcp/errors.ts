import { z } from 'zod';
import type { Mark, ProviderError } from '../errors.ts';
import { classified, type HttpFailure, type Refusal, type Rule, retryAfterMs } from '../refusal.ts';

const MARK: Mark = { ms: 30 * 60_000, scope: 'offering' };

/** By reason, not by status: 403 is a full quota, too many calls, or nobody who may. */
const RULES: readonly Rule[] = [
  { errorClass: 'capacity', codes: /^((ZONE_)?RESOURCE_POOL_EXHAUSTED(_WITH_DETAILS)?|insufficientCapacity)$/ },
  // A network's addresses are the region's.
  { errorClass: 'capacity', codes: /^IP_SPACE_EXHAUSTED(_WITH_DETAILS)?$/, mark: { scope: 'region' } },
  {
    errorClass: 'throttled',
    codes:
      /^(rateLimitExceeded|userRateLimitExceeded|RESOURCE_OPERATION_RATE_EXCEEDED|CONCURRENT_OPERATIONS_QUOTA_EXCEEDED)$/,
  },
  { errorClass: 'quota', codes: /^quotaExceeded$|QUOTA/, message: /PREEMPTIBLE/, mark: { scope: 'spot' } },
  { errorClass: 'quota', codes: /^quotaExceeded$|QUOTA/ },
  { errorClass: 'auth', codes: /^(PERMISSIONS_ERROR|forbidden|authError)$/ },
  { errorClass: 'conflict', codes: /^(alreadyExists|RESOURCE_ALREADY_EXISTS)$/ },
  // A machine that is still changing refuses what would be done with it, for as long as it does.
  {
    errorClass: 'transient',
    codes: /^(backendError|internalError|INTERNAL_ERROR|resourceNotReady|RESOURCE_NOT_READY)$/,
  },
  { errorClass: 'config', codes: /^(invalid|invalidParameter|badRequest|INVALID_.*|UNSUPPORTED_OPERATION)$/ },
];

/** A call that was refused: `errors` say why, each with a `reason`. An operation that failed: each with a `code`. */
const bodySchema = z.object({
  error: z.object({
    message: z.string().default(''),
    errors: z
      .array(z.object({ code: z.string().optional(), reason: z.string().optional(), message: z.string().default('') }))
      .default([]),
  }),
  httpErrorStatusCode: z.number().optional(),
});

/** What a refusal of Compute Engine means, or an operation of it that is done and has failed. */
export function gcpError({ status, headers, body }: HttpFailure): ProviderError {
  const parsed = bodySchema.safeParse(body);
  const first = parsed.data?.error.errors[0];
  const refusal: Refusal = {
    status: parsed.data?.httpErrorStatusCode ?? status,
    code: first?.code ?? first?.reason ?? '',
    message: first?.message || parsed.data?.error.message || '',
    retryAfterMs: retryAfterMs(headers['retry-after']),
  };
  return classified(refusal, RULES, MARK);
}

/** What one error within an answer of 200 means: of an operation, or of a group that cannot make a machine. */
export function gcpErrorWithin(error: { readonly code: string; readonly message: string }): ProviderError {
  return gcpError({ status: 200, headers: {}, body: { error: { errors: [error] } } });
}

/** Whether the API itself says that there is no such thing: somebody else's page in its place says nothing. */
export function isNotFound({ status, body }: HttpFailure): boolean {
  return status === 404 && bodySchema.safeParse(body).data?.error.errors[0]?.reason === 'notFound';
}
