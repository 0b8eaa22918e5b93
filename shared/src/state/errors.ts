/** Somebody else has written the entry in the meantime: read it again, then decide again. */
export class StateConflictError extends Error {
  override readonly name = 'StateConflictError';
}

/** The bucket cannot be reached: the same call may succeed later. */
export class StateUnavailableError extends Error {
  override readonly name = 'StateUnavailableError';
}

/** Not a key, or a value that is too large; sending it again will not help. */
export class StateRejectedError extends Error {
  override readonly name = 'StateRejectedError';
}
