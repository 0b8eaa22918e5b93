import type { Dialect } from '../../tools/grafana/spec.ts';
import type { RecordedRun } from './recorded-run.ts';

/** One line of a panel. */
export interface Line {
  readonly legend: string;
  readonly points: readonly { readonly timeMs: number; readonly value: number }[];
}

const STEP_SECONDS = 60;
/** Grafana's `$__rate_interval`: four scrapes of a minute. */
const RATE_INTERVAL = '4m';

/** What Grafana puts in before it asks. */
const VARIABLES: Readonly<Record<string, string>> = { pool: 'web', signal: 'load', lead: '15m' };

function fill(query: string, macros: Readonly<Record<string, string>>): string {
  return query.replace(/\$(\w+)/g, (whole, name: string) => {
    const value = macros[name] ?? VARIABLES[name];
    if (value === undefined) throw new Error(`${whole}: a variable that nobody fills in: ${query}`);
    return value;
  });
}

/** Asks for a query of a panel as Grafana would, over the whole run. */
export function ask(dialect: Dialect, query: string, legend: string, run: RecordedRun): Promise<readonly Line[]> {
  return dialect === 'influxql' ? askInflux(query, legend, run) : askPrometheus(query, legend, run);
}

interface InfluxSeries {
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly (number | string | null)[])[];
}

async function askInflux(query: string, legend: string, run: RecordedRun): Promise<readonly Line[]> {
  const timeFilter = `time >= ${run.startMs}ms and time <= ${run.endMs}ms`;
  // The alias is Grafana's to fill: `$tag_source` is the tag of each series.
  const q = fill(query, { timeFilter, __interval: `${STEP_SECONDS}s` });
  const body = new URLSearchParams({ db: 'forescale', epoch: 'ms', q });
  const response = await fetch(`${run.influxUrl}/query`, { method: 'POST', body });
  const answer = (await response.json()) as { results?: { series?: InfluxSeries[]; error?: string }[]; error?: string };
  const error = answer.error ?? answer.results?.[0]?.error;
  if (error !== undefined) throw new Error(`${q}: ${error}`);
  return (answer.results?.[0]?.series ?? []).map(({ tags = {}, values }) => ({
    legend: legend.replace(/\$tag_(\w+)/g, (_, tag: string) => tags[tag] ?? ''),
    points: values.flatMap(([timeMs, value]) => (typeof value === 'number' ? [{ timeMs: Number(timeMs), value }] : [])),
  }));
}

interface Matrix {
  readonly status: string;
  readonly error?: string;
  readonly data?: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
}

async function askPrometheus(query: string, legend: string, run: RecordedRun): Promise<readonly Line[]> {
  const rangeSeconds = (run.endMs - run.startMs) / 1_000;
  const filled = fill(query, { __rate_interval: RATE_INTERVAL, __range: `${rangeSeconds}s` });
  const body = new URLSearchParams({
    query: filled,
    start: String(run.startMs / 1_000),
    end: String(run.endMs / 1_000),
    step: String(STEP_SECONDS),
  });
  const response = await fetch(`${run.prometheusUrl}/api/v1/query_range`, { method: 'POST', body });
  const answer = (await response.json()) as Matrix;
  if (answer.status !== 'success') throw new Error(`${filled}: ${answer.error}`);
  return (answer.data?.result ?? []).map(({ metric, values }) => ({
    legend: legend.replace(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? ''),
    points: values
      .map(([seconds, value]) => ({ timeMs: seconds * 1_000, value: Number(value) }))
      .filter(({ value }) => Number.isFinite(value)),
  }));
}
