const MASK = '***';

/** The configuration's own secrets. */
const SECRET = /^(password|token)$/;
/** Also what somebody may have misspelt or put in the wrong place; paths to files that hold secrets are none. */
const LIKELY_SECRET = /pass|token|secret|credential|api_?key/i;

/** The same configuration with every secret replaced, for printing. */
export function maskSecrets<T>(config: T): T {
  return JSON.parse(
    JSON.stringify(config, (key, value: unknown) => (SECRET.test(key) && value !== null ? MASK : maskLogin(value))),
  ) as T;
}

/** A value as a message shows it: JSON of at most 80 characters without secrets. */
export function showValue(key: string, value: unknown): string {
  const isSecret = (name: string) => LIKELY_SECRET.test(name) && !name.endsWith('_file');
  if (typeof value === 'number' && !isSecret(key)) return String(value);
  const text = JSON.stringify({ [key]: value }, (name, inner: unknown) => {
    if (isSecret(name) && inner !== null) return MASK;
    return typeof inner === 'number' ? nameNumber(inner) : maskLogin(inner);
  });
  const shown = text.slice(JSON.stringify(key).length + 2, -1);
  return shown.length > 80 ? `${shown.slice(0, 77)}...` : shown;
}

/** JSON has no word for these; `null` would say something else. */
function nameNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** "nats://user:password@host" -> "nats://***@host". */
function maskLogin(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/:\/\/.*@/, `://${MASK}@`) : value;
}
