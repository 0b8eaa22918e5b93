/** The bus cannot be reached: the same call may succeed later. */
export class BusUnavailableError extends Error {
  override readonly name = 'BusUnavailableError';
}

/** Nobody answered a request in time, or nobody listens on its subject. */
export class NoResponderError extends Error {
  override readonly name = 'NoResponderError';
}

/** The other side answered a request with an error. */
export class RequestFailedError extends Error {
  override readonly name = 'RequestFailedError';
}
