/** What was asked for cannot be answered as it stands; the message names the field, the value and what is allowed. */
export class AskError extends Error {
  override readonly name = 'AskError';
}

/** Neither forecast nor observed load is known: whoever asks keeps what it has. */
export class UnknownLoadError extends Error {
  override readonly name = 'UnknownLoadError';
}

const SHOWN_CHARS_MAX = 80;

/** Somebody else's text as a message shows it: short, in quotes and on one line. */
export function shown(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN_CHARS_MAX)).replace(/\p{Cc}/gu, ' ');
}
