import type { z } from 'zod';
import { showValue } from './secrets.ts';

/** The first thing that is wrong: `autoscaler.policies.night.min_nodes = 9: allowed: …`. */
export function describeIssue(issue: z.core.$ZodIssue, raw: unknown): string {
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] as string] : issue.path;
  if (issue.code === 'invalid_key') return `${fieldName(path)}: ${issue.issues[0]?.message ?? issue.message}`;
  return `${describeField(path, valueAt(raw, path))}: ${issue.message}`;
}

/** `autoscaler.pools[0].mode = "destroy"`; secrets are masked. */
export function describeField(path: readonly PropertyKey[], value: unknown): string {
  return value === undefined
    ? `${fieldName(path)} is absent`
    : `${fieldName(path)} = ${showValue(String(path.at(-1) ?? ''), value)}`;
}

/** `autoscaler.pools[0].mode` */
export function fieldName(path: readonly PropertyKey[]): string {
  const name = path.map(step).join('');
  return name.replace(/^\./, '') || 'the file';
}

function step(key: PropertyKey): string {
  if (typeof key === 'number') return `[${key}]`;
  // Anything but a word is quoted, so that a key with a line break cannot break the one line of the message.
  return /^[\w./-]{1,317}$/.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(String(key).slice(0, 80))}]`;
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const key of path) {
    // `provider: aws` is short for `provider: { kind: aws }`.
    if (typeof value === 'string' && key === 'kind') return value;
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
