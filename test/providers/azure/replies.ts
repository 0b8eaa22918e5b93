/** What ARM answers. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export function refused(status: number, code: string, message: string, headers: Reply['headers'] = {}): Reply {
  return { status, body: { error: { code, message } }, headers };
}

/** A request that breaks a rule: thrown from wherever it is noticed. */
export class Refusal extends Error {
  readonly reply: Reply;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.reply = refused(status, code, message);
  }
}

/** Texts as Azure gives them, with the places and numbers of one day. */
export const REFUSALS = {
  skuNotAvailable: (size: string, location: string) =>
    refused(
      409,
      'SkuNotAvailable',
      `The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: ${size}' is currently not available in location '${location}'. Please try another size or deploy to a different location or different zone.`,
    ),
  quota: (name: string) =>
    refused(
      409,
      'OperationNotAllowed',
      `Operation could not be completed as it results in exceeding approved ${name} quota. Additional details - Deployment Model: Resource Manager, Location: westeurope, Current Limit: 10, Current Usage: 10, Additional Required: 4, (Minimum) New Limit Required: 14.`,
    ),
  unauthorized: (action: string) =>
    refused(
      403,
      'AuthorizationFailed',
      `The client '00000000-0000-0000-0000-000000000001' does not have authorization to perform action '${action}' over scope '/subscriptions/…' or the scope is invalid.`,
    ),
  throttled: refused(
    429,
    'TooManyRequests',
    'The server rejected the request because too many requests have been received for this subscription.',
    { 'retry-after': '7' },
  ),
  unavailable: refused(503, 'ServiceUnavailable', 'The service is unavailable.'),
  busy: refused(
    409,
    'OperationNotAllowed',
    "Operation is not allowed because there's an in progress update agent pool operation on the managed cluster.",
  ),
} as const;

/** Why a machine could not be placed, by what it asked for. */
export function allocationFailure(isSpot: boolean, isZonal: boolean) {
  if (isSpot && isZonal)
    return {
      code: 'OverconstrainedZonalAllocationRequest',
      message:
        'Allocation failed. VM(s) with the following constraints cannot be allocated, because the condition is too restrictive. Please remove some constraints and try again.',
    };
  const code = isZonal ? 'ZonalAllocationFailed' : 'AllocationFailed';
  return {
    code,
    message: 'Allocation failed. We do not have sufficient capacity for the requested VM size in this zone.',
  };
}
