/** The bus cannot be reached: the same call may succeed later. */
export class BusUnavailableError extends Error {
  override readonly name = 'BusUnavailableError';
}

/** The bus refuses what was asked for (a bad subject, a stream that is somebody else's); again will not help. */
export class BusRejectedError extends Error {
  override readonly name = 'BusRejectedError';
}

/** Nobody answered a request in time, or nobody listens on its subject. */
export class NoResponderError extends Error {
  override readonly name = 'NoResponderError';
}

/** The other side answered a request with an error. */
export class RequestFailedError extends Error {
  override readonly name = 'RequestFailedError';
}
