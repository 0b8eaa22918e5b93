/** What was asked for cannot be answered as it stands; the message names the field, the value and what is allowed. */
export class AskError extends Error {
  override readonly name = 'AskError';
}

/** Neither forecast nor observed load is known: whoever asks keeps what it has. */
export class UnknownLoadError extends Error {
  override readonly name = 'UnknownLoadError';
}
