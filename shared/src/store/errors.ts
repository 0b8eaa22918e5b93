/** The store cannot be reached or is overloaded: the same call may succeed later. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

/** The store refuses what was sent; sending it again will not help. */
export class StoreRejectedError extends Error {
  override readonly name = 'StoreRejectedError';
}
