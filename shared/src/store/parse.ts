import { StoreRejectedError } from './errors.ts';
import type { Point, StoreQuery } from './store.ts';

/** What a store keeps of one field; InfluxDB refuses another type under the same name. */
export type FieldKind = 'number' | 'string' | 'boolean';

/** A query that has been checked, its defaults filled in and its fields once each. */
export interface ParsedQuery {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: readonly string[];
  /** Exclusive; before all times when the query has no bound. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly descending: boolean;
  readonly limit: number;
}

const POINTS_MAX = 10_000;
const ROWS_MAX = 1_000_000;
const NAMES_MAX = 64;
const TAG_VALUE_CHARS_MAX = 1_000;
/** InfluxDB 1.x: 64 KiB. */
const STRING_BYTES_MAX = 65_536;
/** InfluxDB counts nanoseconds in a signed 64-bit integer: 9,223,372,036,854 ms either side of 1970. */
export const TIME_MS_MAX = 9_223_372_036_854;
const NAME = /^[A-Za-z][A-Za-z0-9_.:/-]{0,199}$/;
const NOT_IN_A_TAG = /[\p{Cc}\\]/u;

/** Refuses what any store would refuse, so that every store refuses the same. */
export function checkPoints(points: readonly Point[]): void {
  if (points.length > POINTS_MAX) refuse(`${points.length} points in one call; at most ${POINTS_MAX}`);
  // The points of a series share their tags, and a measurement has few fields: each is looked at once.
  const checkedTags = new Set<Point['tags']>();
  const checkedNames = new Set<string>();
  for (const point of points) {
    if (!checkedNames.has(point.measurement)) {
      checkName('measurement', point.measurement);
      checkedNames.add(point.measurement);
    }
    if (!checkedTags.has(point.tags)) {
      checkTags(point.measurement, point.tags);
      checkedTags.add(point.tags);
    }
    checkFields(point, checkedNames);
    const { timeMs } = point;
    if (!Number.isSafeInteger(timeMs) || Math.abs(timeMs) > TIME_MS_MAX) {
      refuse(`${point.measurement}: timeMs is ${timeMs}; a whole number of ms, 1678 to 2262, is wanted`);
    }
  }
}

export function parseQuery(query: StoreQuery): ParsedQuery {
  const { measurement, tags = {}, order = 'ascending', limit } = query;
  checkName('measurement', measurement);
  checkTags(measurement, tags);
  const fields = [...new Set(query.fields)];
  if (fields.length === 0 || fields.length > NAMES_MAX) refuse(`${measurement}: asks for ${fields.length} fields`);
  for (const field of fields) checkName('field', field);
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > ROWS_MAX) {
    refuse(`${measurement}: limit is ${limit}; 1 to ${ROWS_MAX} is wanted`);
  }
  const fromMs = timeBound(measurement, 'fromMs', query.fromMs ?? -Infinity);
  const toMs = timeBound(measurement, 'toMs', query.toMs ?? Infinity);
  return { measurement, tags, fields, fromMs, toMs, descending: order === 'descending', limit };
}

export function checkMeasurement(measurement: string): void {
  checkName('measurement', measurement);
}

export function fieldKind(value: number | string | boolean): FieldKind {
  return typeof value as FieldKind;
}

/** Fractions round down on both sides, which keeps `fromMs < time <= toMs` for whole times. */
function timeBound(measurement: string, what: string, timeMs: number): number {
  if (Number.isNaN(timeMs)) refuse(`${measurement}: ${what} is NaN`);
  return Math.max(-TIME_MS_MAX - 1, Math.min(TIME_MS_MAX, Math.floor(timeMs)));
}

function checkName(what: string, name: string): void {
  if (!NAME.test(name) || name === 'time') refuse(`${what} ${quote(name)}: not a name (${NAME.source}, not time)`);
}

function checkTags(measurement: string, tags: Readonly<Record<string, string>>): void {
  const entries = Object.entries(tags);
  if (entries.length > NAMES_MAX) refuse(`${measurement}: ${entries.length} tags; at most ${NAMES_MAX}`);
  for (const [name, value] of entries) {
    checkName('tag', name);
    if (typeof value !== 'string' || value === '') refuse(`${measurement}: tag ${name} is ${quote(value)}`);
    if (NOT_IN_A_TAG.test(value) || !value.isWellFormed()) {
      refuse(`${measurement}: tag ${name} is ${quote(value)}: control characters and backslashes are not allowed`);
    }
    if (value.length > TAG_VALUE_CHARS_MAX) {
      refuse(`${measurement}: tag ${name} has ${value.length} characters; at most ${TAG_VALUE_CHARS_MAX}`);
    }
  }
}

function checkFields({ measurement, tags, fields }: Point, checkedNames: Set<string>): void {
  let count = 0;
  for (const name in fields) {
    count++;
    const value = fields[name];
    if (!checkedNames.has(name)) {
      checkName('field', name);
      checkedNames.add(name);
    }
    if (Object.hasOwn(tags, name)) refuse(`${measurement}: ${name} is a tag and a field`);
    if (typeof value === 'number' ? !Number.isFinite(value) : typeof value !== 'boolean' && !isText(value)) {
      refuse(
        `${measurement}: field ${name} is ${quote(value)}; a finite number, a text (64 KiB, no NUL) or a boolean is wanted`,
      );
    }
  }
  if (count === 0 || count > NAMES_MAX)
    refuse(`${measurement}: a point with ${count} fields; 1 to ${NAMES_MAX} are wanted`);
}

/** At least as many bytes as UTF-16 units: the cheap comparison decides almost always. */
function isText(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > STRING_BYTES_MAX || !value.isWellFormed()) return false;
  // SQLite ends a text there.
  if (value.includes('\0')) return false;
  return value.length * 3 <= STRING_BYTES_MAX || Buffer.byteLength(value) <= STRING_BYTES_MAX;
}

/** The value as somebody would write it, short enough for one line of a log. */
function quote(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function refuse(message: string): never {
  throw new StoreRejectedError(message);
}
