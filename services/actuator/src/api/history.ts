import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SignalConfig } from '@forescale/shared/config';
import { lookBackMs, SourceCombiner } from '@forescale/shared/domain';
import type { Store, StoreQuery, StoreRow } from '@forescale/shared/store';
import { rfc3339 } from '@forescale/shared/wire';
import { HISTORY_LEADS, type HistoryDocument } from './schema.ts';

const PAGE_ROWS = 10_000;
/** 300,000 rows of one measurement: a month of a signal that five sources report each minute. */
const PAGES_MAX = 30;

type Column = (number | null)[];

/** A regular grid: cell i covers (times[i] - step, times[i]]. Times are multiples of the step. */
export interface Grid {
  readonly stepMs: number;
  readonly firstMs: number;
  readonly cells: number;
}

/** At most `points` cells over [from, to], none finer than `finestMs`, whole seconds. */
export function gridOf(fromMs: number, toMs: number, points: number, finestMs: number): Grid {
  const stepMs = Math.max(finestMs, Math.ceil((toMs - fromMs) / points / 1_000) * 1_000);
  const firstMs = Math.ceil(fromMs / stepMs) * stepMs;
  return { stepMs, firstMs, cells: Math.max(1, Math.floor((toMs - firstMs) / stepMs) + 1) };
}

/** What was measured, forecast, planned and paid, from the store, put on one grid. */
export async function readHistory(
  store: Store,
  pool: string,
  signal: SignalConfig,
  grid: Grid,
  nowMs: number,
): Promise<HistoryDocument> {
  // One after the other, and others have their turn in between: months of them are hundreds of thousands of rows.
  const read = (query: RowsQuery, beforeMs = 0) => rowsOf(store, grid, query, beforeMs);
  const tags = { pool, signal: signal.name };
  const load = await read({ measurement: 'kpi', tags, fields: ['value'] }, lookBackMs(signal));
  const plan = await read({
    measurement: 'plan',
    tags: { pool },
    fields: ['ready', 'starting', 'need', 'desired', 'floor', 'ceiling'],
  });
  const cost = await read({ measurement: 'cost', tags: { pool }, fields: ['usd_per_hour', 'saved_usd_per_hour'] });
  const forecasts: StoreRow[][] = [];
  for (const lead of HISTORY_LEADS)
    forecasts.push(
      await read({ measurement: 'forecast', tags: { ...tags, lead }, fields: ['q10', 'q50', 'q90', 'q99'] }),
    );
  const times = Array.from({ length: grid.cells }, (_, cell) => (grid.firstMs + cell * grid.stepMs) / 1_000);
  const planned = (field: string) => lastOf(grid, plan, field);
  return {
    now: rfc3339(nowMs),
    pool,
    signal: signal.name,
    unit: signal.unit,
    step_seconds: grid.stepMs / 1_000,
    times,
    load: loadOf(grid, signal, load),
    forecasts: Object.fromEntries(
      HISTORY_LEADS.map((lead, index) => [lead, quantilesOf(grid, forecasts[index] ?? [])]),
    ) as HistoryDocument['forecasts'],
    ready: planned('ready'),
    starting: planned('starting'),
    need: planned('need'),
    desired: planned('desired'),
    floor: planned('floor'),
    ceiling: planned('ceiling'),
    ...costsOf(grid, cost),
  };
}

type RowsQuery = Pick<StoreQuery, 'measurement' | 'fields'> & { readonly tags: Readonly<Record<string, string>> };

/** The rows of the grid's time, and of `beforeMs` before it. */
async function rowsOf(store: Store, grid: Grid, query: RowsQuery, beforeMs: number): Promise<StoreRow[]> {
  const rows: StoreRow[] = [];
  let fromMs = grid.firstMs - grid.stepMs - beforeMs;
  const toMs = grid.firstMs + (grid.cells - 1) * grid.stepMs;
  for (let page = 0; page < PAGES_MAX; page++) {
    await nextTurn();
    const more = await store.query({ ...query, fromMs, toMs, order: 'ascending', limit: PAGE_ROWS });
    const lastMs = more.at(-1)?.timeMs ?? toMs;
    // A full page may end in the middle of one moment, which the next page then begins with.
    const full = more.length === PAGE_ROWS && more[0]?.timeMs !== lastMs;
    rows.push(...(full ? more.filter((row) => row.timeMs < lastMs) : more));
    if (more.length < PAGE_ROWS) break;
    fromMs = full ? lastMs - 1 : lastMs;
  }
  return rows;
}

function cellOf(grid: Grid, timeMs: number): number {
  return Math.ceil((timeMs - grid.firstMs) / grid.stepMs);
}

function emptyColumn(grid: Grid): Column {
  return new Array<number | null>(grid.cells).fill(null);
}

function lastOf(grid: Grid, rows: readonly StoreRow[], field: string): Column {
  const column = emptyColumn(grid);
  for (const { timeMs, fields } of rows) {
    const value = fields[field];
    if (typeof value === 'number') column[cellOf(grid, timeMs)] = value;
  }
  return column;
}

function quantilesOf(grid: Grid, rows: readonly StoreRow[]) {
  return {
    q10: lastOf(grid, rows, 'q10'),
    q50: lastOf(grid, rows, 'q50'),
    q90: lastOf(grid, rows, 'q90'),
    q99: lastOf(grid, rows, 'q99'),
  };
}

/** The mean of a cell's samples, the sources combined first. */
function loadOf(grid: Grid, signal: SignalConfig, rows: readonly StoreRow[]): Column {
  const values = rows.flatMap(({ timeMs, tags, fields }) =>
    typeof fields.value === 'number' ? [{ source: tags.source ?? '', timeMs, value: fields.value }] : [],
  );
  const combined = new SourceCombiner(signal).add(values);
  const sums = new Float64Array(grid.cells);
  const counts = new Uint32Array(grid.cells);
  for (const [index, timeMs] of combined.timesMs.entries()) {
    const cell = cellOf(grid, timeMs);
    if (cell < 0) continue;
    sums[cell] = (sums[cell] ?? 0) + (combined.values[index] ?? 0);
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  return emptyColumn(grid).map((_, cell) => (counts[cell] ? (sums[cell] ?? 0) / counts[cell] : null));
}

/** The points of both capacity types at one moment are added up; a reactive pool costs what is paid and what is saved. */
function costsOf(grid: Grid, rows: readonly StoreRow[]): { usd_per_hour: Column; reactive_usd_per_hour: Column } {
  const usd = emptyColumn(grid);
  const reactive = emptyColumn(grid);
  for (const [timeMs, group] of Map.groupBy(rows, (row) => row.timeMs)) {
    const sum = (field: string) => {
      const values = group.map((row) => row.fields[field]).filter((value) => typeof value === 'number');
      return values.length === 0 ? null : values.reduce((total, value) => total + value, 0);
    };
    const cell = cellOf(grid, timeMs);
    const paid = sum('usd_per_hour');
    const saved = sum('saved_usd_per_hour');
    usd[cell] = paid;
    reactive[cell] = paid === null || saved === null ? null : paid + saved;
  }
  return { usd_per_hour: usd, reactive_usd_per_hour: reactive };
}
