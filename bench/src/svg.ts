import { writeOutput } from '@forescale/cli/output';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

export const INK = '#1f2937';
export const SOFT_INK = '#6b7280';
const GRID = '#e5e7eb';

/** How all charts look. */
export const CHART_CONFIG = {
  font: 'Helvetica, Arial, DejaVu Sans, sans-serif',
  title: { color: INK },
  view: { stroke: null },
  axis: {
    labelColor: INK,
    titleColor: SOFT_INK,
    titleFontWeight: 'normal',
    labelFontSize: 12,
    titleFontSize: 12,
    gridColor: GRID,
    domain: false,
    ticks: false,
    labelPadding: 6,
  },
  header: { labelColor: INK, labelFontSize: 12, title: null },
  legend: {
    labelFontSize: 12,
    labelColor: INK,
    symbolSize: 90,
    symbolOpacity: 1,
    orient: 'bottom',
    direction: 'horizontal',
    title: null,
  },
} as const satisfies TopLevelSpec['config'];

/** Policies, told apart also by those who see no red or green. */
export const POLICY_COLOURS: Readonly<Record<string, string>> = {
  forescale: '#0f62a8',
  reactive: '#d97706',
  target: '#be185d',
  'holt-winters': '#7c3aed',
  schedule: '#0d9488',
  static: '#6b7280',
};

export function titleOf(text: string, subtitle: string) {
  return {
    text,
    subtitle,
    anchor: 'start',
    offset: 18,
    fontSize: 16,
    subtitleColor: SOFT_INK,
    subtitleFontSize: 12,
    subtitlePadding: 6,
  } as const;
}

export async function writeSvg(option: string, path: string, chart: TopLevelSpec): Promise<void> {
  const { spec } = compile(chart);
  const view = new View(parse(spec), { renderer: 'none' });
  await writeOutput(option, path, `${await view.toSVG()}\n`);
  view.finalize();
}
