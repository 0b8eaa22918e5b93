import { byInterval, type DashboardSpec, type Query } from '../spec.ts';

const SIGNAL = '"signal" =~ /^$signal$/';
const SERIES = 'pool="$pool",signal="$signal"';

/** Replicas and sources are added up, as a signal's `aggregate` does by default. */
const ACTUAL =
  `SELECT sum("value") FROM (${byInterval('kpi', 'mean("value") AS "value"', SIGNAL, '"source"')}) ` +
  'WHERE $timeFilter GROUP BY time($__interval) fill(none)';

const quantile = (field: string) => byInterval('forecast', `mean("${field}")`, `${SIGNAL} AND "lead" = '$lead'`);
const level = (value: string) => `forescale_forecast_value{${SERIES},lead="$lead",level="${value}"} offset $lead`;

/** Each line at the time that it is for, so that it lies beside what came. */
const BAND: readonly { readonly legend: string; readonly field: string; readonly level: string }[] = [
  { legend: '0.1', field: 'q10', level: '0.1' },
  { legend: 'median', field: 'q50', level: '0.5' },
  { legend: '0.95', field: 'q95', level: '0.95' },
  { legend: '0.99', field: 'q99', level: '0.99' },
];

const accuracy = (legend: string, field: string): readonly Query[] => [
  { legend, text: byInterval('accuracy', `mean("${field}")`, SIGNAL) },
];
const gauge = (legend: string, metric: string, labels = ''): readonly Query[] => [
  { legend, text: `max(${metric}{${SERIES}${labels}})` },
];

export const forecast: DashboardSpec = {
  id: 'forecast',
  title: 'Forescale: forecast',
  what: 'What was forecast, what came, and how good the forecasts are.',
  variables: ['pool', 'signal', 'lead'],
  panels: [
    {
      title: 'Load against its forecast',
      what: 'What came, and what had been said of it one lead before: the band holds 85 of 100 values (0.1 to 0.95).',
      kind: 'lines',
      unit: 'short',
      width: 24,
      band: { lower: '0.1', upper: '0.95' },
      influxql: [
        { legend: 'actual', text: ACTUAL },
        ...BAND.map(({ legend, field }) => ({ legend, text: quantile(field) })),
      ],
      promql: [
        { legend: 'actual', text: `max(forescale_signal_value{${SERIES}})` },
        ...BAND.map((one) => ({ legend: one.legend, text: `max(${level(one.level)})` })),
      ],
    },
    {
      title: 'Weighted quantile loss',
      what: 'Over the last day: 0 is perfect, and 0.1 is a tenth of the load off on average, weighted by level.',
      kind: 'stat',
      unit: 'none',
      width: 6,
      thresholds: [
        { from: 0.1, colour: 'orange' },
        { from: 0.3, colour: 'red' },
      ],
      influxql: accuracy('loss', 'wql'),
      promql: gauge('loss', 'forescale_forecast_error'),
    },
    {
      title: 'Error beside "as a day or week ago"',
      what: 'Absolute error over that of repeating the past; above 1 it would have been better to repeat it.',
      kind: 'stat',
      unit: 'none',
      width: 6,
      thresholds: [
        { from: 0.9, colour: 'orange' },
        { from: 1, colour: 'red' },
      ],
      influxql: accuracy('relative error', 'relative_error'),
      promql: gauge('relative error', 'forescale_forecast_relative_error'),
    },
    {
      title: 'Coverage of the level 0.9',
      what: 'Share of actual values at or below the quantile 0.9 over the last day. Much below 0.9 the band is too narrow.',
      kind: 'stat',
      unit: 'percentunit',
      width: 6,
      base: 'red',
      thresholds: [
        { from: 0.8, colour: 'orange' },
        { from: 0.85, colour: 'green' },
      ],
      influxql: accuracy('coverage', 'coverage90'),
      promql: gauge('coverage', 'forescale_forecast_coverage', ',level="0.9"'),
    },
    {
      title: 'Mean absolute scaled error',
      what: 'Error of the median over that of the seasonal-naive forecast on the history.',
      kind: 'stat',
      unit: 'none',
      width: 6,
      influxql: accuracy('MASE', 'mase'),
      promql: [],
    },
    {
      title: 'Rejected',
      what: '1 while the newest forecast of the signal is not used, and observed load decides alone.',
      kind: 'stat',
      unit: 'none',
      width: 6,
      thresholds: [{ from: 1, colour: 'red' }],
      influxql: [],
      promql: gauge('rejected', 'forescale_forecast_rejected'),
    },
    {
      title: 'Accuracy over time, by model',
      what: 'Weighted quantile loss of the model in charge; another line is another model.',
      kind: 'lines',
      unit: 'none',
      width: 12,
      min: 0,
      influxql: [{ legend: '$tag_model', text: byInterval('accuracy', 'mean("wql")', SIGNAL, '"model"') }],
      promql: [{ legend: '{{model}}', text: `max by (model) (forescale_forecast_error{${SERIES}})` }],
    },
    {
      title: 'Coverage over time',
      what: 'The level 0.9 should be near 0.9; a steady 1 is a band that is too wide, and costs money.',
      kind: 'lines',
      unit: 'percentunit',
      width: 12,
      min: 0.5,
      max: 1,
      influxql: [{ legend: '0.9', text: byInterval('accuracy', 'mean("coverage90")', SIGNAL) }],
      promql: [{ legend: '{{level}}', text: `max by (level) (forescale_forecast_coverage{${SERIES}})` }],
    },
  ],
};
