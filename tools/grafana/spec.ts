/** What a dashboard shows, whichever data source it asks. */
export interface DashboardSpec {
  /** Also the file's name, and with a prefix the address in Grafana. */
  readonly id: 'forecast' | 'scaling' | 'cost' | 'health';
  readonly title: string;
  readonly what: string;
  readonly variables: readonly VariableName[];
  readonly panels: readonly PanelSpec[];
}

export type VariableName = 'pool' | 'signal' | 'lead';
export type Dialect = 'influxql' | 'promql';
export const DIALECTS: readonly Dialect[] = ['influxql', 'promql'];

export interface PanelSpec {
  readonly title: string;
  readonly what: string;
  readonly kind: 'lines' | 'stat';
  /** One of Grafana's own units, such as `s` or `percentunit`. */
  readonly unit: string;
  /** Of 24 columns. */
  readonly width: number;
  /** A panel is in the set of a dialect when it has queries there. */
  readonly influxql: readonly Query[];
  readonly promql: readonly Query[];
  /** Names of two lines, the space between which is filled. */
  readonly band?: { readonly lower: string; readonly upper: string };
  readonly stacked?: 'normal' | 'percent';
  /** Bars, for counts in each interval. */
  readonly bars?: boolean;
  /** From each value on, that colour; below the first, green. */
  readonly thresholds?: readonly { readonly from: number; readonly colour: 'orange' | 'red' | 'green' }[];
  /** The colour below the first threshold where small is bad. */
  readonly base?: 'red' | 'orange' | 'green';
  readonly min?: number;
  readonly max?: number;
  /** Grafana's reducer of a stat; the last value when absent. */
  readonly reduce?: 'sum' | 'mean';
}

export interface Query {
  readonly legend: string;
  readonly text: string;
}

/** A field of a measurement of the chosen pool, aggregated by interval. */
export function byInterval(
  measurement: string,
  selection: string,
  where = '',
  by = '',
  fill: 'none' | 'null' | '0' = 'none',
): string {
  const condition = `"pool" =~ /^$pool$/${where && ` AND ${where}`} AND $timeFilter`;
  const group = `time($__interval)${by && `, ${by}`}`;
  return `SELECT ${selection} FROM "${measurement}" WHERE ${condition} GROUP BY ${group} fill(${fill})`;
}

/** One number over the range that is shown. */
export function overRange(measurement: string, selection: string, where = ''): string {
  return `SELECT ${selection} FROM "${measurement}" WHERE "pool" =~ /^$pool$/${where && ` AND ${where}`} AND $timeFilter`;
}
