/** A configuration that cannot be used. The message is one line: file, field, value, and what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
