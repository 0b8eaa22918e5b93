import type { Override } from '@forescale/shared/config';

/** What an operator may write on ConfigMap `forescale-<pool>`, for example with `kubectl annotate`. */
const PREFIX = 'forescale.dev/';
const KEYS = ['paused', 'min-nodes', 'max-nodes', 'until', 'by', 'why'] as const;
type Key = (typeof KEYS)[number];

const NODES_MAX = 10_000;
const SHOWN_CHARS = 80;

/** The last moment that a date can name: in force until it is taken back. */
export const STANDING_MS = 8_640_000_000_000_000;

/** What the annotations come to, and what is wrong with them. */
export interface PoolNotes {
  /** Null: they ask for nothing, or their time is over. */
  readonly override: Override | null;
  /** One line each, with the annotation and its value. */
  readonly troubles: readonly string[];
}

/** The name of the ConfigMap on whose annotations a pool is steered. */
export function notesName(pool: string): string {
  return `forescale-${pool}`;
}

/**
 * Reads what an operator has written by hand, safe side first: a `paused` that cannot be read pauses, an `until` that
 * cannot be read keeps a pause in force and bounds out of it, and a bound that cannot be read is none, so that the
 * configured one holds. Annotations of others are not looked at.
 */
export function readPoolNotes(annotations: Readonly<Record<string, string>>, where: string, nowMs: number): PoolNotes {
  const troubles: string[] = [];
  const text = (key: Key): string | undefined => annotations[PREFIX + key];
  const refuse = (key: string, allowed: string) => {
    const value = JSON.stringify((annotations[PREFIX + key] ?? '').slice(0, SHOWN_CHARS));
    troubles.push(`${where}: annotation ${PREFIX}${key} = ${value}: allowed: ${allowed}`);
  };
  for (const key of ownKeys(annotations))
    if (!isKey(key)) refuse(key, `none of this name; those are ${KEYS.join(', ')}`);

  const paused = text('paused');
  if (paused !== undefined && paused !== 'true' && paused !== 'false') refuse('paused', 'true or false; it is paused');
  const nodes = (key: 'min-nodes' | 'max-nodes'): number | null => {
    const value = text(key);
    if (value === undefined) return null;
    if (/^\d{1,5}$/.test(value) && Number(value) <= NODES_MAX) return Number(value);
    refuse(key, `a whole number from 0 to ${NODES_MAX}; it is ignored`);
    return null;
  };
  const minNodes = nodes('min-nodes');
  const maxNodes = nodes('max-nodes');
  const until = text('until');
  const untilMs = until === undefined ? STANDING_MS : timeOf(until);
  if (untilMs === null) refuse('until', 'an RFC 3339 time; a pause holds, bounds do not');
  const override = {
    minNodes: untilMs === null ? null : minNodes,
    maxNodes: untilMs === null ? null : maxNodes,
    paused: paused !== undefined && paused !== 'false',
    untilMs: untilMs ?? STANDING_MS,
    by: words(text('by'), 128) || where,
    why: words(text('why'), 500) || 'an annotation says so',
  };
  const asks = override.paused || override.minNodes !== null || override.maxNodes !== null;
  return { override: asks && nowMs < override.untilMs ? override : null, troubles };
}

/** What holds while nobody has been able to read them yet: they may pause. */
export function unreadNotes(where: string, why: string): PoolNotes {
  const text = `it cannot be read, and it may pause: ${words(why, 400)}`;
  const override = { minNodes: null, maxNodes: null, paused: true, untilMs: STANDING_MS, by: where, why: text };
  return { override, troubles: [] };
}

/** Few at most: an object may carry 256 KiB of annotations. */
function ownKeys(annotations: Readonly<Record<string, string>>): string[] {
  const keys = Object.keys(annotations).filter((key) => key.startsWith(PREFIX));
  return keys.slice(0, 2 * KEYS.length).map((key) => key.slice(PREFIX.length));
}

function isKey(key: string): key is Key {
  return (KEYS as readonly string[]).includes(key);
}

function timeOf(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(text)) return null;
  const timeMs = Date.parse(text);
  return Number.isFinite(timeMs) ? timeMs : null;
}

/** On one line of a log, whatever somebody wrote. */
function words(text: string | undefined, charsMax: number): string {
  return (text ?? '')
    .replace(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, charsMax);
}
