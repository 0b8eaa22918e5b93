import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import {
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { type Panel, ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as LinesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Dialect, PanelSpec, Query } from './spec.ts';
import { dataSourceOf } from './to-grafana.ts';

const STAT_ROWS = 5;
const LINES_ROWS = 9;
/** A tick is a minute: shorter intervals would be mostly empty. */
const INTERVAL_MIN = '1m';

export function toPanel(spec: PanelSpec, dialect: Dialect): cog.Builder<Panel> {
  const builder = spec.kind === 'stat' ? toStat(spec) : toLines(spec);
  builder
    .title(spec.title)
    .description(spec.what)
    .unit(spec.unit)
    .span(spec.width)
    .datasource(dataSourceOf(dialect))
    .interval(INTERVAL_MIN);
  if (spec.min !== undefined) builder.min(spec.min);
  if (spec.max !== undefined) builder.max(spec.max);
  if (spec.thresholds) builder.thresholds(toThresholds(spec));
  for (const [index, query] of spec[dialect].entries()) builder.withTarget(toTarget(query, index, dialect));
  return builder;
}

function toStat(spec: PanelSpec): StatBuilder {
  const calculation = spec.reduce ?? 'lastNotNull';
  return new StatBuilder().height(STAT_ROWS).reduceOptions(new ReduceDataOptionsBuilder().calcs([calculation]));
}

function toLines({ stacked, bars, band }: PanelSpec): LinesBuilder {
  const legend = new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .showLegend(true);
  const builder = new LinesBuilder().height(LINES_ROWS).legend(legend).lineWidth(1);
  if (bars) builder.drawStyle(GraphDrawStyle.Bars).fillOpacity(70);
  if (stacked) {
    const mode = stacked === 'percent' ? StackingMode.Percent : StackingMode.Normal;
    builder.stacking(new StackingConfigBuilder().mode(mode)).fillOpacity(40);
  }
  if (band) {
    builder.overrideByName(band.upper, [
      { id: 'custom.fillBelowTo', value: band.lower },
      { id: 'custom.fillOpacity', value: 20 },
    ]);
    builder.overrideByName('actual', [{ id: 'custom.lineWidth', value: 2 }]);
  }
  return builder;
}

function toThresholds({ thresholds = [], base = 'green' }: PanelSpec): ThresholdsConfigBuilder {
  const steps = thresholds.map(({ from, colour }) => ({ value: from, color: colour as string }));
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([{ value: null, color: base }, ...steps]);
}

function toTarget({ legend, text }: Query, index: number, dialect: Dialect): cog.Builder<cog.Dataquery> {
  const refId = String.fromCharCode('A'.charCodeAt(0) + index);
  if (dialect === 'promql') return new DataqueryBuilder().refId(refId).expr(text).legendFormat(legend).range();
  // As Grafana's own InfluxDB plugin keeps them; there is no builder of them.
  const target = { refId, datasource: dataSourceOf(dialect), query: text, rawQuery: true, alias: legend };
  return { build: () => ({ ...target, resultFormat: 'time_series', _implementsDataqueryVariant: () => undefined }) };
}
