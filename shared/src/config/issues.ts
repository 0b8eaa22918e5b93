import { z } from 'zod';
import { parseCpuMillicores, parseQuantity, type Taint } from '../domain/index.ts';
import { parseDurationMs } from '../time/index.ts';

/** A section that names its known keys when it meets an unknown one. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `unknown key; allowed: ${known}` : 'allowed: a section with keys',
  });
}

/** "90s", "5m", "1h30m": a duration as text, in milliseconds. A bare number is refused: its unit would be a guess. */
export function duration(minMs: number, maxMs: number, allowed: string) {
  return z
    .string({ error: `allowed: a duration with its unit, such as "90s" or "5m", ${allowed}` })
    .transform((text, context) => {
      const ms = parseDurationMs(text);
      if (ms !== null && ms >= minMs && ms <= maxMs) return ms;
      context.addIssue(`allowed: a duration with its unit, such as "90s" or "5m", ${allowed}`);
      return z.NEVER;
    });
}

export function integer(min: number, max: number) {
  const error = `allowed: a whole number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

export function number(min: number, max: number) {
  const error = `allowed: a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

export function text(pattern: RegExp, allowed: string) {
  return z.string({ error: `allowed: ${allowed}` }).regex(pattern, { error: `allowed: ${allowed}` });
}

/** Any text of 1 to `max` characters that has no control characters in it. */
export function line(max: number, allowed: string) {
  return z
    .string({ error: `allowed: ${allowed}` })
    .regex(/^\P{Cc}+$/u, { error: `allowed: ${allowed}` })
    .max(max, { error: `allowed: ${allowed}, at most ${max} long` });
}

export function list<Item extends z.ZodType>(item: Item, min: number, max: number, allowed: string) {
  const error = `allowed: a list of ${min} to ${max} ${allowed}`;
  return z.array(item, { error }).min(min, { error }).max(max, { error });
}

export function choice<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: `allowed: ${values.join(', ')}` });
}

export const flag = z.boolean({ error: 'allowed: true or false' });

/** Days of the week in the order of their numbers, 0 = Sunday. */
export const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** A calendar day, as days since 1970-01-01. */
export const date = z.iso
  .date({ error: 'allowed: a date such as 2026-12-24' })
  .transform((iso) => Date.parse(iso) / 86_400_000);

/** Names of pools, signals and policies; they become tokens of subjects and values of tags. */
export const name = text(/^[a-z0-9-]{1,63}$/, 'a name of a-z, 0-9 and "-", at most 63 long');

/** Names of policies may also carry underscores; they are only ever shown. */
export const policyName = text(/^[a-z0-9_-]{1,63}$/, 'a name of a-z, 0-9, "-" and "_", at most 63 long');

const labelKey = line(317, 'a label such as "app.kubernetes.io/name"');
const LABEL_VALUE = 'text of at most 63 characters, in quotes where it looks like a number';
const labelValue = z.string({ error: `allowed: ${LABEL_VALUE}` }).max(63, { error: `allowed: ${LABEL_VALUE}` });

export const labels = z.record(labelKey, labelValue, { error: 'allowed: a map of text to text' });

export const zone = z.string({ error: 'allowed: an IANA zone such as "Europe/Berlin"' }).refine(isZone, {
  error: 'allowed: an IANA zone such as "Europe/Berlin"',
});

function isZone(id: string): boolean {
  // An offset such as "+02:00" is accepted by Intl but follows no daylight saving: refused.
  if (!/^[A-Za-z]/.test(id)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: id });
    return true;
  } catch {
    return false;
  }
}

const quantityText = z
  .union([z.string(), z.number()], { error: 'allowed: a quantity such as "4", "500m" or "16Gi"' })
  .transform(String);

export const cpu = quantityText.transform((value, context) => {
  const millicores = parseCpuMillicores(value);
  if (millicores !== null && millicores >= 0) return millicores;
  context.addIssue('allowed: a quantity such as "4" or "500m"');
  return z.NEVER;
});

export const bytes = quantityText.transform((value, context) => {
  const parsed = parseQuantity(value);
  if (parsed !== null && parsed >= 0) return parsed;
  context.addIssue('allowed: a quantity such as "16Gi"');
  return z.NEVER;
});

export const taint = section({
  key: labelKey,
  value: labelValue.default(''),
  effect: choice(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
}) satisfies z.ZodType<Taint>;
