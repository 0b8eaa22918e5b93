/** An answer that is no success, in the shape of Google's. */
export class Refused extends Error {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, reason: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.headers = headers;
  }

  get body(): object {
    const { status: code, message, reason } = this;
    return { error: { code, message, errors: [{ message, domain: 'global', reason }] } };
  }
}

export const invalid = (message: string) => new Refused(400, 'invalid', message);
export const notFound = (resource: string) => new Refused(404, 'notFound', `The resource '${resource}' was not found`);

/** What a machine is not made for. Within an operation, and in a group's errors. */
export interface Lack {
  readonly code: string;
  readonly message: string;
  readonly status: number;
}

export const EXHAUSTED: Lack = {
  code: 'ZONE_RESOURCE_POOL_EXHAUSTED',
  message: 'The zone does not have enough resources available to fulfill the request.',
  status: 503,
};

export const OVER_QUOTA: Lack = {
  code: 'QUOTA_EXCEEDED',
  message: "Quota 'CPUS' exceeded.  Limit: 24.0 in region us-central1.",
  status: 403,
};
