interface UnavailableOptions extends ErrorOptions {
  readonly retryAfterMs?: number | null;
  readonly status?: number;
}

/** The API server cannot be reached or answers 429 or 5xx: the same call may succeed later. */
export class KubernetesUnavailableError extends Error {
  override readonly name = 'KubernetesUnavailableError';
  /** What the server itself asked for (`Retry-After`); null where it did not. */
  readonly retryAfterMs: number | null;
  /** Its HTTP status; null where no answer came. */
  readonly status: number | null;

  constructor(message: string, options: UnavailableOptions = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.status = options.status ?? null;
  }
}

/** The API server refuses the call. `status` is its HTTP status, for example 403 where a Role lacks a verb. */
export class KubernetesRefusedError extends Error {
  override readonly name = 'KubernetesRefusedError';
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}
