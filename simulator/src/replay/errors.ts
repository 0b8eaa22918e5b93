/** A replay that cannot be run; the message is one line and says what is allowed. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
}
