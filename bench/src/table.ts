import type { Row } from './benchmark.ts';

export interface Column {
  readonly key: string;
  readonly title?: string;
  /** Digits after the point; texts are left as they are. */
  readonly digits?: number;
}

/** Rows as aligned columns, texts to the left and numbers to the right; "-" where there is nothing. */
export function table(rows: readonly Row[], columns: readonly Column[]): string {
  const cells = rows.map((row) => columns.map((column) => textOf(row[column.key], column.digits)));
  const titles = columns.map(({ key, title }) => title ?? key);
  const widths = titles.map((title, k) => Math.max(title.length, ...cells.map((line) => line[k]?.length ?? 0)));
  const left = columns.map(({ digits }) => digits === undefined);
  const line = (texts: readonly string[]) =>
    texts
      .map((text, k) => (left[k] ? text.padEnd(widths[k] as number) : text.padStart(widths[k] as number)))
      .join('  ')
      .trimEnd();
  return [titles, ...cells].map(line).join('\n');
}

function textOf(value: string | number | null | undefined, digits: number | undefined): string {
  if (value === null || value === undefined) return '-';
  return typeof value === 'number' && digits !== undefined ? value.toFixed(digits) : String(value);
}

/** The same as a table in Markdown. */
export function markdownTable(rows: readonly Row[], columns: readonly Column[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(({ key, title }) => title ?? key)),
    line(columns.map(({ digits }) => (digits === undefined ? '---' : '---:'))),
    ...rows.map((row) => line(columns.map((column) => textOf(row[column.key], column.digits)))),
  ].join('\n');
}
