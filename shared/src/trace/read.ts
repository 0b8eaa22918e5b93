import { createReadStream } from 'node:fs';
import { type Info, parse } from 'csv-parse';
import { z } from 'zod';
import type { Series } from '../domain/index.ts';

/** A trace that cannot be used; the message is one line with file, line, field, value and what is allowed. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}

const ROWS_MAX = 50_000_000;
const RECORD_BYTES_MAX = 65_536;

/**
 * Reads a trace: CSV with the header `timestamp,value`, times strictly increasing in epoch seconds or RFC 3339, any
 * step, gaps as absent rows or empty values. Rejects with `TraceError`. `onProgress` gets the rows read so far.
 */
export async function readTrace(path: string, onProgress?: (rows: number) => void): Promise<Series> {
  const columns = new GrowingSeries();
  const parser = parse({
    columns: false,
    info: true,
    relax_column_count: true,
    max_record_size: RECORD_BYTES_MAX,
    bom: true,
    trim: true,
    skip_empty_lines: true,
  });
  const source = createReadStream(path);
  source.on('error', (error) => parser.destroy(error));
  let header = true;
  try {
    for await (const { record, info } of source.pipe(parser) as AsyncIterable<{ record: string[]; info: Info }>) {
      if (header) checkHeader(path, record);
      else addRow(path, info.lines, record, columns);
      header = false;
      if (columns.length % 1_000_000 === 0 && columns.length > 0) onProgress?.(columns.length);
    }
  } catch (error) {
    if (error instanceof TraceError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new TraceError(`${path}: cannot be read: ${code?.startsWith('E') ? code : message.replace(/\s+/g, ' ')}`, {
      cause: error,
    });
  }
  if (columns.length === 0)
    throw new TraceError(`${path}: no samples; allowed: at least one row after the header timestamp,value`);
  return columns.finish();
}

function checkHeader(path: string, record: readonly string[]): void {
  if (record.length === 2 && record[0] === 'timestamp' && record[1] === 'value') return;
  throw new TraceError(
    `${path}: line 1: header = ${JSON.stringify(record.join(',').slice(0, 80))}; allowed: timestamp,value`,
  );
}

function addRow(path: string, line: number, record: readonly string[], columns: GrowingSeries): void {
  const [time = '', value = ''] = record;
  if (record.length !== 2)
    throw new TraceError(`${path}: line ${line}: ${record.length} columns; allowed: 2, timestamp,value`);
  const timeMs = parseTimeMs(time);
  if (timeMs === null) {
    throw new TraceError(
      `${path}: line ${line}: timestamp = ${JSON.stringify(time.slice(0, 80))}; ` +
        'allowed: epoch seconds or RFC 3339, from 1970 to 2100',
    );
  }
  if (timeMs <= columns.lastMs) {
    throw new TraceError(
      `${path}: line ${line}: timestamp = ${time} is not after the row before; allowed: strictly increasing times`,
    );
  }
  if (value === '') return;
  const number = DECIMAL.test(value) ? Number(value) : Number.NaN;
  if (!Number.isFinite(number)) {
    throw new TraceError(
      `${path}: line ${line}: value = ${JSON.stringify(value.slice(0, 80))}; allowed: a finite number`,
    );
  }
  if (columns.length >= ROWS_MAX)
    throw new TraceError(`${path}: more than ${ROWS_MAX} rows; allowed: at most that many`);
  columns.push(timeMs, number);
}

/** `Number()` alone would also take "0x10" and "". */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const RFC_3339 = z.iso.datetime({ offset: true });
const TIME_MS_MAX = 4_102_444_800_000;

/** Null when the text is no time between 1970 and 2100 (so milliseconds taken for seconds are noticed). */
function parseTimeMs(text: string): number | null {
  const timeMs = /^\d+(\.\d+)?$/.test(text)
    ? Math.round(Number(text) * 1_000)
    : RFC_3339.safeParse(text).success
      ? Date.parse(text)
      : Number.NaN;
  return timeMs >= 0 && timeMs <= TIME_MS_MAX ? timeMs : null;
}

/** Two columns that double when full: 16 bytes a row, where an array of objects would take 80. */
class GrowingSeries {
  length = 0;
  #timesMs: Float64Array = new Float64Array(1_024);
  #values: Float64Array = new Float64Array(1_024);

  get lastMs(): number {
    return this.length === 0 ? Number.NEGATIVE_INFINITY : (this.#timesMs[this.length - 1] as number);
  }

  push(timeMs: number, value: number): void {
    if (this.length === this.#timesMs.length) {
      this.#timesMs = doubled(this.#timesMs);
      this.#values = doubled(this.#values);
    }
    this.#timesMs[this.length] = timeMs;
    this.#values[this.length] = value;
    this.length++;
  }

  finish(): Series {
    return { timesMs: this.#timesMs.slice(0, this.length), values: this.#values.slice(0, this.length) };
  }
}

function doubled(column: Float64Array): Float64Array {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}
