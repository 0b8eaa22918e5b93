import type { TopLevelSpec } from 'vega-lite';
import { CHART_CONFIG, INK, titleOf, writeSvg } from '../svg.ts';
import type { Measurement } from './method-run.ts';
import { type MethodSummary, ratioTo } from './summary.ts';

/** Ours, its parts, and the others: told apart also by those who see no red or green. */
const GROUPS = { combination: '#0f62a8', member: '#7fa8cc', peer: '#d97706' } as const;
const ROW_HEIGHT = 28;
const ERROR_WIDTH = 400;

/** Per method: WQL relative to the base, a dot a trace, and how much of the load its levels covered. */
export async function writePicture(
  path: string,
  measurements: readonly Measurement[],
  summary: readonly MethodSummary[],
  base: string,
): Promise<void> {
  await writeSvg('--picture', path, pictureSpec(measurements, summary, base));
}

/** The base itself needs no dots at 1: the line is it. */
function pictureSpec(
  measurements: readonly Measurement[],
  summary: readonly MethodSummary[],
  base: string,
): TopLevelSpec {
  const answered = measurements.filter(({ failed }) => failed === null);
  const bases = new Map(answered.filter(({ method }) => method === base).map((one) => [one.trace, one]));
  const dots = answered.flatMap((one) => {
    const ratio = one.method === base ? null : ratioTo(bases.get(one.trace), one);
    const { method, coverage90, coverage99 } = one;
    return [{ method, group: groupOf(method), ratio, coverage90, coverage99 }];
  });
  const means = summary.map((one) => ({
    ...one,
    group: groupOf(one.method),
    label: one.ratio.toFixed(2),
  }));
  const methods = summary.map(({ method }) => method);
  const traces = new Set(answered.map(({ trace }) => trace)).size;
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 16,
    title: titleOf(
      `Forecasts of ${traces} loads: error relative to ${base}, and coverage`,
      'a dot: one load; a diamond: the mean over loads, with its 90 % interval; best methods on top',
    ),
    bounds: 'flush',
    spacing: 64,
    hconcat: [
      errorPanel(dots, means, methods, base),
      coveragePanel(dots, means, methods, 'coverage90', 0.9, [0.7, 0.8, 0.9, 1]),
      coveragePanel(dots, means, methods, 'coverage99', 0.99, [0.85, 0.9, 0.95, 1]),
    ],
    config: CHART_CONFIG,
  };
}

type Panel = Extract<TopLevelSpec, { hconcat: unknown }>['hconcat'][number];
type Layer = Extract<Panel, { layer: unknown }>['layer'][number];
type Values = readonly object[];

const colour = {
  field: 'group',
  type: 'nominal' as const,
  title: null,
  scale: { domain: Object.keys(GROUPS), range: Object.values(GROUPS) },
};

function errorPanel(dots: Values, means: Values, methods: readonly string[], base: string): Panel {
  const x = { type: 'quantitative' as const, scale: { type: 'log' as const, domain: [0.2, 5], nice: false } };
  const axis = { values: [0.2, 0.5, 1, 2, 5], format: '~g' };
  const y = rowsOf(methods, true);
  return {
    width: ERROR_WIDTH,
    height: ROW_HEIGHT * methods.length,
    layer: [
      ruleAt(1),
      {
        data: { values: dots.slice() },
        mark: { type: 'circle', size: 34, opacity: 0.38 },
        encoding: {
          y,
          x: { ...x, field: 'ratio', axis, title: `WQL / WQL of ${base} (less is better)` },
          color: colour,
        },
      },
      {
        data: { values: means.slice() },
        mark: { type: 'rule', strokeWidth: 3 },
        encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' }, color: colour },
      },
      {
        data: { values: means.slice() },
        mark: { type: 'point', shape: 'diamond', filled: true, size: 130, opacity: 1, stroke: 'white', strokeWidth: 1 },
        encoding: { y, x: { ...x, field: 'ratio' }, color: colour },
      },
      {
        data: { values: means.slice() },
        mark: { type: 'text', align: 'left', fontSize: 12, color: INK },
        encoding: { y, x: { value: ERROR_WIDTH + 10 }, text: { field: 'label', type: 'nominal' } },
      },
    ],
  };
}

function coveragePanel(
  dots: Values,
  means: Values,
  methods: readonly string[],
  field: string,
  level: number,
  ticks: readonly number[],
): Panel {
  const x = { type: 'quantitative' as const, scale: { domain: [ticks[0] ?? 0, 1], clamp: true, zero: false } };
  const y = rowsOf(methods, false);
  const title = `load below the ${level} quantile`;
  return {
    width: 190,
    height: ROW_HEIGHT * methods.length,
    layer: [
      ruleAt(level),
      {
        data: { values: dots.slice() },
        mark: { type: 'circle', size: 34, opacity: 0.38 },
        encoding: { y, x: { ...x, field, title, axis: { format: '.0%', values: ticks.slice() } }, color: colour },
      },
      {
        data: { values: means.slice() },
        mark: { type: 'point', shape: 'diamond', filled: true, size: 130, opacity: 1, stroke: 'white', strokeWidth: 1 },
        encoding: { y, x: { ...x, field }, color: colour },
      },
    ],
  };
}

/** As vega expects it of a condition on an axis. */
const OWN_IN_BOLD = {
  condition: { test: "datum.value === 'forescale'", value: 'bold' as const },
  value: 'normal' as const,
};

function rowsOf(methods: readonly string[], labelled: boolean) {
  return {
    field: 'method',
    type: 'nominal' as const,
    title: null,
    scale: { domain: methods.slice() },
    axis: {
      grid: true,
      labels: labelled,
      labelLimit: 200,
      labelFontWeight: OWN_IN_BOLD,
      ...(labelled ? {} : { maxExtent: 0 }),
    },
  };
}

function ruleAt(value: number): Layer {
  return {
    data: { values: [{ value }] },
    mark: { type: 'rule', color: INK, strokeDash: [4, 3], strokeWidth: 1.2 },
    encoding: { x: { field: 'value', type: 'quantitative' } },
  };
}

function groupOf(method: string): keyof typeof GROUPS {
  if (method === 'forescale') return 'combination';
  return /^(r-|sm-|prophet|peers-)/.test(method) ? 'peer' : 'member';
}
