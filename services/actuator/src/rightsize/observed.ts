import type { PoolConfig, SignalConfig } from '@forescale/shared/config';
import { SourceCombiner } from '@forescale/shared/domain';
import type { Store, StoreRow } from '@forescale/shared/store';
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
}

/** Rejects with the store's errors. */
export async function observe(store: Store, pool: PoolConfig, fromMs: number, toMs: number): Promise<Observed> {
  const loads: ObservedLoad[] = [];
  for (const signal of pool.signals) {
    const load = await loadOf(store, pool, signal, fromMs, toMs);
    if (load !== null) loads.push(load);
  }
  return {
    loads,
    workloads: await workloadsOf(store, pool, fromMs, toMs),
    usdPerHour: await costOf(store, pool, fromMs, toMs),
  };
}

async function loadOf(store: Store, pool: PoolConfig, signal: SignalConfig, fromMs: number, toMs: number) {
  const tags = { pool: pool.name, signal: signal.name };
  const rows = await store.query({ measurement: 'kpi', tags, fields: ['value'], fromMs, toMs, limit: ROWS_MAX });
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

async function workloadsOf(store: Store, pool: PoolConfig, fromMs: number, toMs: number): Promise<ObservedWorkload[]> {
  const series = (await store.series('workload')).filter((tags) => tags.pool === pool.name).slice(0, WORKLOADS_MAX);
  const workloads: ObservedWorkload[] = [];
  for (const tags of series) {
    const fields = ['pods', 'requested_cpu', 'requested_memory', 'used_cpu', 'used_memory'];
    const rows = await store.query({ measurement: 'workload', tags, fields, fromMs, toMs, limit: ROWS_MAX });
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
async function costOf(store: Store, pool: PoolConfig, fromMs: number, toMs: number): Promise<number | null> {
  const fields = ['usd_per_hour'];
  const rows = await store.query({
    measurement: 'cost',
    tags: { pool: pool.name },
    fields,
    fromMs,
    toMs,
    limit: ROWS_MAX,
  });
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
