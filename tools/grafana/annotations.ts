import type { Dialect } from './spec.ts';

/** Marks over every panel, one query each. */
export interface AnnotationSpec {
  readonly name: string;
  readonly colour: string;
  /** InfluxDB's. */
  readonly query?: string;
  readonly textColumn?: string;
  readonly tagsColumn?: string;
  /** Prometheus'. */
  readonly expr?: string;
  readonly step?: string;
}

const ofNodes = (name: string, colour: string, ...events: readonly string[]): AnnotationSpec => ({
  name,
  colour,
  query:
    'SELECT "node", "event" FROM "node" WHERE "pool" =~ /^$pool$/ AND ' +
    `(${events.map((event) => `"event" = '${event}'`).join(' OR ')}) AND $timeFilter`,
  textColumn: 'node',
  tagsColumn: 'event',
});

const INFLUXQL: readonly AnnotationSpec[] = [
  ofNodes('Ordered', 'blue', 'requested'),
  ofNodes('Removed', 'semi-dark-green', 'removed'),
  ofNodes('Failed or taken back', 'red', 'failed', 'interrupted'),
];

const PROMQL: readonly AnnotationSpec[] = [
  {
    name: 'Scaled',
    colour: 'blue',
    expr: 'changes(forescale_nodes{pool="$pool",state="desired"}[2m]) > 0',
    step: '60s',
  },
  {
    name: 'Taken back',
    colour: 'red',
    expr: 'increase(forescale_spot_interruptions_total{pool="$pool"}[2m]) > 0',
    step: '60s',
  },
];

export function annotationsOf(dialect: Dialect): readonly AnnotationSpec[] {
  return dialect === 'influxql' ? INFLUXQL : PROMQL;
}
