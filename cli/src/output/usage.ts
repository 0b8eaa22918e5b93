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
