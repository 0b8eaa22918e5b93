import { byInterval, type DashboardSpec, overRange } from '../spec.ts';

const POOL = 'pool="$pool"';
/** A dollar an hour, for a minute. */
const HOUR = '1h';

/** Both rows of the measurement, one for each way to buy, in one number. */
const total = (field: string) =>
  `SELECT sum("usd") FROM (${byInterval('cost', `mean("${field}") AS "usd"`, '', '"capacity"')}) ` +
  'WHERE $timeFilter GROUP BY time($__interval) fill(none)';
const spent = (field: string) =>
  `SELECT sum("usd") FROM (SELECT integral("${field}", ${HOUR}) AS "usd" FROM "cost" ` +
  'WHERE "pool" =~ /^$pool$/ AND $timeFilter GROUP BY "capacity")';

const saved = (baseline: string) => `sum(forescale_cost_saved_rate{${POOL},baseline="${baseline}"})`;
const dollarsOf = (rate: string) => `sum_over_time(${rate}[$__range:1m]) / 60`;

export const cost: DashboardSpec = {
  id: 'cost',
  title: 'Forescale: cost',
  what: 'What the nodes cost, what was saved, and how many of them are spot machines.',
  variables: ['pool'],
  panels: [
    {
      title: 'Cost now',
      what: 'By prices that are configured, live or static: see the label `prices`.',
      kind: 'stat',
      unit: 'currencyUSD',
      width: 6,
      influxql: [{ legend: 'USD per hour', text: total('usd_per_hour') }],
      promql: [{ legend: 'USD per hour', text: `sum(forescale_cost_rate{${POOL}})` }],
    },
    {
      title: 'Spent',
      what: 'Over the range that is shown.',
      kind: 'stat',
      unit: 'currencyUSD',
      width: 6,
      influxql: [{ legend: 'USD', text: spent('usd_per_hour') }],
      promql: [{ legend: 'USD', text: dollarsOf(`sum(forescale_cost_rate{${POOL}})`) }],
    },
    {
      title: 'Saved beside reactive scaling',
      what: 'Over the range, against what a reactive autoscaler would have paid for the same load. Below 0: earlier nodes cost more.',
      kind: 'stat',
      unit: 'currencyUSD',
      width: 6,
      base: 'orange',
      thresholds: [{ from: 0, colour: 'green' }],
      influxql: [{ legend: 'USD', text: spent('saved_usd_per_hour') }],
      promql: [{ legend: 'USD', text: dollarsOf(saved('reactive')) }],
    },
    {
      title: 'Saved by spot machines',
      what: 'Over the range, against the same machines all on demand.',
      kind: 'stat',
      unit: 'currencyUSD',
      width: 6,
      influxql: [{ legend: 'USD', text: spent('saved_on_demand_usd_per_hour') }],
      promql: [{ legend: 'USD', text: dollarsOf(saved('on_demand')) }],
    },
    {
      title: 'Cost rate',
      what: 'USD per hour, by how the machines are bought.',
      kind: 'lines',
      unit: 'currencyUSD',
      width: 12,
      min: 0,
      stacked: 'normal',
      influxql: [{ legend: '$tag_capacity', text: byInterval('cost', 'mean("usd_per_hour")', '', '"capacity"') }],
      promql: [{ legend: '{{capacity}}', text: `sum by (capacity) (forescale_cost_rate_by_capacity{${POOL}})` }],
    },
    {
      title: 'Saved rate',
      what: 'USD per hour against a reactive autoscaler, and against all on demand.',
      kind: 'lines',
      unit: 'currencyUSD',
      width: 12,
      influxql: [
        { legend: 'reactive', text: total('saved_usd_per_hour') },
        { legend: 'on demand', text: total('saved_on_demand_usd_per_hour') },
      ],
      promql: [
        { legend: 'reactive', text: saved('reactive') },
        { legend: 'on demand', text: saved('on_demand') },
      ],
    },
    {
      title: 'Spot share',
      what: 'Nodes by how they are bought.',
      kind: 'lines',
      unit: 'short',
      width: 12,
      stacked: 'percent',
      influxql: [{ legend: '$tag_capacity', text: byInterval('cost', 'mean("nodes")', '', '"capacity"') }],
      promql: [{ legend: '{{capacity}}', text: `sum by (capacity) (forescale_nodes_by_capacity{${POOL}})` }],
    },
    {
      title: 'Interruptions',
      what: 'Spot machines that were taken back, in the range.',
      kind: 'stat',
      unit: 'short',
      width: 12,
      reduce: 'sum',
      influxql: [{ legend: 'interrupted', text: overRange('node', 'count("node")', `"event" = 'interrupted'`) }],
      promql: [{ legend: 'interrupted', text: `sum(increase(forescale_spot_interruptions_total{${POOL}}[$__range]))` }],
    },
  ],
};
