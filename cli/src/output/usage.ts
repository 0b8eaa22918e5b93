/** A command line that cannot be carried out; the message names the option, its value and what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The number that an option holds, or `UsageError`. */
export function numberOption(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= min && value <= max) return value;
  throw new UsageError(`${option} = ${JSON.stringify(text)}; allowed: a number from ${min} to ${max}`);
}

export function integerOption(option: string, text: string, min: number, max: number): number {
  const value = numberOption(option, text, min, max);
  if (Number.isInteger(value)) return value;
  throw new UsageError(`${option} = ${JSON.stringify(text)}; allowed: a whole number from ${min} to ${max}`);
}

/**
 * The server that an option names. Without a login, which would stand in messages and in the list of processes; what
 * could be one is not repeated.
 */
export function httpUrlOption(option: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (isPlain && /^https?:$/.test(url.protocol)) return url;
  const shown = text.replace(/^([a-z]+:\/\/)?.*@/is, '$1***@').replace(/[?#].*$/s, '?***');
  throw new UsageError(
    `${option} = ${JSON.stringify(shown)}; allowed: an http(s) URL without a login (see --token-file)`,
  );
}
