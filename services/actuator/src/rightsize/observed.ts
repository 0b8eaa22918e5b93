import type { PoolConfig, SignalConfig } from '@forescale/shared/config';
import { SourceCombiner } from '@forescale/shared/domain';
import type { Store, StoreQuery, StoreRow } from '@forescale/shared/store';
import type { ObservedLoad, ObservedWorkload } from './rightsize.ts';

/** 28 days of minutes, of some 20 sources. */
const ROWS_MAX = 1_000_000;
const WORKLOADS_MAX = 500;

/** What the store holds of a pool between two times. */
export interface Observed {
  readonly loads: readonly ObservedLoad[];
  readonly workloads: readonly ObservedWorkload[];
  /** What the pool cost in the mean; null where no actuator has written it. */
  readonly usdPerHour: number | null;
  /** Of what there is more than was read: "kpi of rps", the newest of it counts. */
  readonly cut: readonly string[];
}

/** Reads the newest rows of a time, in the order of time. */
type Read = (what: string, query: Pick<StoreQuery, 'measurement' | 'tags' | 'fields'>) => Promise<StoreRow[]>;

/** Rejects with the store's errors. `rowsMax`: so many of each signal, of each workload and of the cost. */
export async function observe(
  store: Store,
  pool: PoolConfig,
  fromMs: number,
  toMs: number,
  rowsMax = ROWS_MAX,
): Promise<Observed> {
  const cut: string[] = [];
  const read: Read = async (what, query) => {
    const rows = await store.query({ ...query, fromMs, toMs, limit: rowsMax, order: 'descending' });
    if (rows.length === rowsMax) cut.push(what);
    return [...rows].reverse();
  };
  const loads: ObservedLoad[] = [];
  for (const signal of pool.signals) {
    const load = await loadOf(read, pool, signal);
    if (load !== null) loads.push(load);
  }
  return { loads, workloads: await workloadsOf(store, read, pool), usdPerHour: await costOf(read, pool), cut };
}

async function loadOf(read: Read, pool: PoolConfig, signal: SignalConfig) {
  const tags = { pool: pool.name, signal: signal.name };
  const rows = await read(`kpi of ${signal.name}`, { measurement: 'kpi', tags, fields: ['value'] });
  const values = rows.flatMap((row) =>
    typeof row.fields.value === 'number'
      ? [{ source: row.tags.source ?? '', timeMs: row.timeMs, value: row.fields.value }]
      : [],
  );
  if (values.length === 0) return null;
  const combined = new SourceCombiner(signal).add(values).values;
  return {
    signal: signal.name,
    samples: combined.length,
    p95: quantile(combined, 0.95),
    p99: quantile(combined, 0.99),
  };
}

async function workloadsOf(store: Store, read: Read, pool: PoolConfig): Promise<ObservedWorkload[]> {
  const series = (await store.series('workload')).filter((tags) => tags.pool === pool.name).slice(0, WORKLOADS_MAX);
  const workloads: ObservedWorkload[] = [];
  for (const tags of series) {
    const fields = ['pods', 'requested_cpu', 'requested_memory', 'used_cpu', 'used_memory'];
    const rows = await read(`workload of ${tags.workload ?? ''}`, { measurement: 'workload', tags, fields });
    const last = rows.at(-1);
    if (last === undefined) continue;
    const memory = numbers(rows, 'used_memory');
    workloads.push({
      namespace: tags.namespace ?? '',
      workload: tags.workload ?? '',
      samples: rows.length,
      pods: numbers([last], 'pods')[0] ?? 0,
      requestedCpu: numbers([last], 'requested_cpu')[0] ?? 0,
      requestedMemory: numbers([last], 'requested_memory')[0] ?? 0,
      usedCpuP95: quantile(numbers(rows, 'used_cpu'), 0.95),
      usedMemoryP95: quantile(memory, 0.95),
      usedMemoryMax: quantile(memory, 1),
    });
  }
  return workloads.sort((a, b) => b.pods * b.requestedCpu - a.pods * a.requestedCpu);
}

/** Of both capacity types together: the sum over all points, by the number of times there are points of. */
async function costOf(read: Read, pool: PoolConfig): Promise<number | null> {
  const fields = ['usd_per_hour'];
  const rows = await read('cost', { measurement: 'cost', tags: { pool: pool.name }, fields });
  if (rows.length === 0) return null;
  const times = new Set(rows.map((row) => row.timeMs)).size;
  return numbers(rows, 'usd_per_hour').reduce((sum, usd) => sum + usd, 0) / times;
}

function numbers(rows: readonly StoreRow[], field: string): Float64Array {
  return Float64Array.from(rows.flatMap(({ fields }) => (typeof fields[field] === 'number' ? [fields[field]] : [])));
}

/** The smallest value that a share `level` of all do not exceed; 0 of none. */
function quantile(values: Float64Array, level: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(level * sorted.length) - 1)] ?? 0;
}
