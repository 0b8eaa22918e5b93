import type { InfluxTable } from './influx-client.ts';
import { type ParsedQuery, TIME_MS_MAX } from './parse.ts';
import type { Point, StoreRow } from './store.ts';

/**
 * Points in line protocol, with times in ms. Numbers are written without a suffix: always floats, so that types never
 * clash. Points that share one object of tags, as those of a series do, share the work for it.
 */
export function toLines(points: readonly Point[]): string {
  const heads = new Map<Point['tags'], { readonly measurement: string; readonly head: string }>();
  const lines = points.map(({ measurement, tags, fields, timeMs }) => {
    let series = heads.get(tags);
    if (series?.measurement !== measurement) {
      series = { measurement, head: headOf(measurement, tags) };
      heads.set(tags, series);
    }
    let written = '';
    for (const name in fields) written += `${written === '' ? ' ' : ','}${name}=${fieldText(fields[name])}`;
    return `${series.head}${written} ${timeMs}`;
  });
  return lines.join('\n');
}

/** Names are safe after `checkName`; in values of tags, which have no backslash, three characters are to be escaped. */
function headOf(measurement: string, tags: Point['tags']): string {
  const pairs = Object.entries(tags).map(([name, value]) => `,${name}=${value.replaceAll(/[,= ]/g, '\\$&')}`);
  return measurement + pairs.join('');
}

function fieldText(value: number | string | boolean | undefined): string {
  return typeof value === 'string' ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : String(value);
}

/** Names are safe after `checkName`, tag values after `checkTags`: a quote is all there is to escape. */
export function selectStatement(query: ParsedQuery, offset: number): string {
  const { measurement, tags, fields, fromMs, toMs, descending, limit } = query;
  const columns = fields.map((field) => `"${field}"::field`).join(', ');
  const conditions = Object.entries(tags).map(([name, value]) => `"${name}" = '${value.replaceAll("'", "\\'")}'`);
  if (fromMs >= -TIME_MS_MAX) conditions.push(`time > ${fromMs}ms`);
  if (toMs < TIME_MS_MAX) conditions.push(`time <= ${Math.max(toMs, -TIME_MS_MAX)}ms`);
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const order = descending ? 'DESC' : 'ASC';
  return `SELECT ${columns}, *::tag FROM "${measurement}"${where} ORDER BY time ${order} LIMIT ${limit - offset} OFFSET ${offset}`;
}

/** Columns are time, the fields as asked for, then all tags of the measurement: null where a series has none. */
export function toRows(table: InfluxTable, fields: readonly string[]): StoreRow[] {
  const tagNames = table.columns.slice(1 + fields.length);
  // One object per series, not one per row.
  const tagSets = new Map<string, Readonly<Record<string, string>>>();
  return table.values.map((values) => {
    const tagValues = values.slice(1 + fields.length) as (string | null)[];
    const key = JSON.stringify(tagValues);
    const tags = tagSets.get(key) ?? present(tagNames, tagValues);
    tagSets.set(key, tags);
    return { timeMs: Number(values[0]), tags, fields: present(fields, values.slice(1, 1 + fields.length)) };
  });
}

/** The tags of a series key such as `kpi,pool=web\ front,signal=cpu`. */
export function tagsOfSeriesKey(key: string): Readonly<Record<string, string>> {
  const [, ...pairs] = key.split(/(?<!\\),/);
  const plain = (text: string) => text.replaceAll(/\\([,= ])/g, '$1');
  const entries = pairs.map((pair) =>
    pair
      .split(/(?<!\\)=(.*)/s)
      .slice(0, 2)
      .map(plain),
  );
  return Object.fromEntries(entries);
}

function present<T extends string | number | boolean>(
  names: readonly string[],
  values: readonly (T | null)[],
): Record<string, T> {
  const result: Record<string, T> = {};
  for (const [index, name] of names.entries()) {
    const value = values[index];
    if (value !== null && value !== undefined) result[name] = value;
  }
  return result;
}
