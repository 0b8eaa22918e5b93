import { createHash } from 'node:crypto';
import type { OtlpAttributes } from './otlp-request.ts';

const INSTANCE = 'service.instance.id';

/** Attributes of a resource and of a point as one map of texts; the point's own count where both have one. */
export function attributesOf(...lists: readonly (OtlpAttributes | undefined)[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const { key, value } of lists.flatMap((list) => list ?? [])) {
    const given = value?.stringValue ?? value?.intValue ?? value?.doubleValue ?? value?.boolValue;
    if (given !== undefined) map.set(key, String(given));
  }
  return map;
}

export function matches(wanted: Readonly<Record<string, string>>, attributes: ReadonlyMap<string, string>): boolean {
  return Object.entries(wanted).every(([key, value]) => attributes.get(key) === value);
}

/**
 * Tells apart the senders of one signal, and the series of one sender: the same for the same attributes, and short. Metrics of
 * one name that two libraries measure are two, and so are two metrics that make one signal.
 */
export function sourceOf(metric: string, scope: string, attributes: ReadonlyMap<string, string>): string {
  const sorted = [...attributes].sort(([a], [b]) => (a < b ? -1 : 1));
  const identity = JSON.stringify([metric, scope, sorted]);
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 12);
  const instance = (attributes.get(INSTANCE) ?? '').replace(/[^\w.-]/g, '-').slice(0, 40);
  return instance === '' ? `otlp-${hash}` : `otlp-${instance}-${hash}`;
}
