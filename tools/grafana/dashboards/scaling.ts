import { byInterval, type DashboardSpec, type Query } from '../spec.ts';

const POOL = 'pool="$pool"';

/** The lines of one plan: in the store all are fields, as metrics they are two gauges with a label. */
const NODES: readonly { readonly field: string; readonly metric: string }[] = [
  ...['need', 'floor', 'ceiling'].map((field) => ({
    field,
    metric: `forescale_nodes_bounds{${POOL},bound="${field}"}`,
  })),
  ...['desired', 'ready', 'starting', 'draining'].map((field) => ({
    field,
    metric: `forescale_nodes{${POOL},state="${field}"}`,
  })),
];

const EVENTS = ['requested', 'ready', 'removed', 'failed', 'interrupted'] as const;

const eventsOf = (event: string) => byInterval('node', 'count("node")', `"event" = '${event}'`);

/** Over the distribution that the histogram keeps. */
const histogram = (level: number, metric: string) =>
  `histogram_quantile(${level}, sum by (le) (rate(${metric}_bucket{${POOL}}[$__rate_interval])))`;

const readiness = (level: number): { influxql: Query; promql: Query } => ({
  influxql: {
    legend: `p${level * 100}`,
    text: byInterval('node', `percentile("seconds", ${level * 100})`, `"event" = 'ready'`),
  },
  promql: { legend: `p${level * 100}`, text: histogram(level, 'forescale_node_readiness_time') },
});

export const scaling: DashboardSpec = {
  id: 'scaling',
  title: 'Forescale: scaling',
  what: 'What was needed, what the bounds allowed, what was there, and how long it took.',
  variables: ['pool'],
  panels: [
    {
      title: 'Nodes',
      what: 'Need is what load and forecast ask for; desired is what bounds make of it; ready and starting are there or on their way.',
      kind: 'lines',
      unit: 'short',
      width: 24,
      min: 0,
      influxql: NODES.map(({ field }) => ({ legend: field, text: byInterval('plan', `max("${field}")`) })),
      promql: NODES.map(({ field, metric }) => ({ legend: field, text: `max(${metric})` })),
    },
    {
      title: 'Node readiness time',
      what: 'From the request to Ready. The 95th percentile is the lead time that orders are placed ahead by.',
      kind: 'lines',
      unit: 's',
      width: 12,
      min: 0,
      influxql: [readiness(0.5).influxql, readiness(0.95).influxql],
      promql: [readiness(0.5).promql, readiness(0.95).promql],
    },
    {
      title: 'Scaling latency and lead',
      what: 'Latency: how long a need waited for its node. Lead: how long before the need a node was Ready; below 0 it was late.',
      kind: 'lines',
      unit: 's',
      width: 12,
      influxql: [
        { legend: 'worst latency', text: byInterval('scaling', 'max("latency_seconds")') },
        { legend: 'median lead', text: byInterval('scaling', 'median("lead_seconds")') },
        { legend: 'least lead', text: byInterval('scaling', 'min("lead_seconds")') },
      ],
      promql: [
        { legend: 'p95 latency', text: histogram(0.95, 'forescale_scaling_latency') },
        { legend: 'median lead', text: histogram(0.5, 'forescale_scaling_lead_time') },
        { legend: 'p5 lead', text: histogram(0.05, 'forescale_scaling_lead_time') },
      ],
    },
    {
      title: 'What became of nodes',
      what: 'Events of nodes in each interval.',
      kind: 'lines',
      unit: 'short',
      width: 12,
      bars: true,
      influxql: EVENTS.map((event) => ({ legend: event, text: eventsOf(event) })),
      promql: [
        {
          legend: '{{step}}',
          text: `sum by (step) (increase(forescale_node_start_time_count{${POOL}}[$__rate_interval]))`,
        },
        { legend: 'interrupted', text: `sum(increase(forescale_spot_interruptions_total{${POOL}}[$__rate_interval]))` },
      ],
    },
    {
      title: 'Nodes short',
      what: 'Nodes that are needed and not Ready. What Forescale is there to keep at 0.',
      kind: 'lines',
      unit: 'short',
      width: 12,
      min: 0,
      influxql: [{ legend: 'short', text: byInterval('plan', 'max("need") - min("ready")') }],
      promql: [
        {
          legend: 'short',
          text: `max(forescale_nodes_bounds{${POOL},bound="need"}) - max(forescale_nodes{${POOL},state="ready"})`,
        },
      ],
    },
    {
      title: 'Create calls',
      what: 'How long the provider took to accept an order.',
      kind: 'lines',
      unit: 's',
      width: 12,
      min: 0,
      influxql: [],
      promql: [
        {
          legend: 'p95 {{provider}}',
          text: 'histogram_quantile(0.95, sum by (le, provider) (rate(forescale_node_create_duration_bucket[$__rate_interval])))',
        },
      ],
    },
    {
      title: 'Time to decide',
      what: 'One plan, without reading the cluster.',
      kind: 'lines',
      unit: 's',
      width: 12,
      min: 0,
      influxql: [],
      promql: [{ legend: 'p95', text: histogram(0.95, 'forescale_plan_duration') }],
    },
  ],
};
