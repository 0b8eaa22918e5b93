/** A server that is away or says what it should not. The message is one line and names the server. */
export class PrometheusError extends Error {
  override readonly name: string = 'PrometheusError';
  /** Whether it may go well the next time: the server is overloaded, restarting, or not reached. */
  readonly mayPass: boolean;

  constructor(message: string, options: ErrorOptions & { readonly mayPass?: boolean } = {}) {
    super(message, options);
    this.mayPass = options.mayPass ?? false;
  }
}

/** A query that the server refuses, or whose result is no single series. The message says what is allowed, not which query. */
export class PrometheusQueryError extends Error {
  override readonly name = 'PrometheusQueryError';
}

/** More than the server gives for one query, or than we take for one answer: a shorter range may do. */
export class PrometheusTooMuchError extends PrometheusError {
  override readonly name = 'PrometheusTooMuchError';
}
