/** The store cannot be reached, is overloaded, or does not let us in: the same call may succeed later. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

/** The store refuses what was sent; sending it again will not help. */
export class StoreRejectedError extends Error {
  override readonly name = 'StoreRejectedError';
}

/** A database file that this program cannot use; the message names the file and says why. */
export class SqliteFileError extends Error {
  override readonly name = 'SqliteFileError';
}
