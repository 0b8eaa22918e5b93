import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import {
  CustomVariableBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type DataSourceRef,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { type AnnotationSpec, annotationsOf } from './annotations.ts';
import { toPanel } from './panels.ts';
import type { DashboardSpec, Dialect, VariableName } from './spec.ts';

/** One version of Grafana's model is written; newer ones read it. */
const LEADS = ['5m', '15m', '60m'];

const DATA_SOURCES: Readonly<Record<Dialect, string>> = { influxql: 'influxdb', promql: 'prometheus' };

/** Whichever data source of the kind is chosen on the page: none is named in the file. */
export function dataSourceOf(dialect: Dialect): DataSourceRef {
  return { type: DATA_SOURCES[dialect], uid: '$' + '{datasource}' };
}

/** The dashboard as Grafana's JSON model, with the panels that this dialect can fill. */
export function toGrafana(spec: DashboardSpec, dialect: Dialect): Dashboard {
  const builder = new DashboardBuilder(spec.title)
    .uid(`forescale-${spec.id}-${dialect}`)
    .description(spec.what)
    .tags(['forescale'])
    .time({ from: 'now-24h', to: 'now' })
    .refresh('1m')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type(DATA_SOURCES[dialect]));
  for (const name of spec.variables) builder.withVariable(toVariable(name, dialect));
  for (const panel of spec.panels) if (panel[dialect].length > 0) builder.withPanel(toPanel(panel, dialect));
  for (const one of annotationsOf(dialect)) builder.annotation(toAnnotation(one, dialect));
  return builder.build();
}

/** Names are asked of the data source, so that a new pool is there without a change. */
const VALUES: Readonly<Record<'pool' | 'signal', Readonly<Record<Dialect, string>>>> = {
  pool: {
    influxql: 'SHOW TAG VALUES FROM "plan" WITH KEY = "pool"',
    promql: 'label_values(forescale_nodes, pool)',
  },
  signal: {
    influxql: 'SHOW TAG VALUES FROM "forecast" WITH KEY = "signal" WHERE "pool" =~ /^$pool$/',
    promql: 'label_values(forescale_forecast_value{pool="$pool"}, signal)',
  },
};

function toVariable(name: VariableName, dialect: Dialect) {
  if (name === 'lead') {
    const current = { selected: true, text: '15m', value: '15m' };
    return new CustomVariableBuilder(name).label('Forecast, ahead by').values(LEADS.join(',')).current(current);
  }
  return new QueryVariableBuilder(name)
    .label(name === 'pool' ? 'Pool' : 'Signal')
    .datasource(dataSourceOf(dialect))
    .query(VALUES[name][dialect])
    .refresh(VariableRefresh.OnTimeRangeChanged);
}

/** The builders know no annotation of InfluxDB, whose query has fields of its own. */
function toAnnotation(spec: AnnotationSpec, dialect: Dialect): cog.Builder<never> {
  const { name, colour, ...query } = spec;
  const built = { name, enable: true, iconColor: colour, datasource: dataSourceOf(dialect), ...query };
  return { build: () => built as never };
}
