import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Line } from './ask.ts';

const COLUMNS = 2;
const WIDTH = 420;
const HEIGHT = 150;

/** The same data that Grafana would show, drawn plainly; also into the folder that FORESCALE_DRAW names. */
export async function drawDashboard(
  title: string,
  panels: readonly { readonly title: string; readonly lines: readonly Line[] }[],
  path: string,
): Promise<string> {
  const chart: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: title, anchor: 'start' },
    background: 'white',
    columns: COLUMNS,
    concat: panels.map(({ title, lines }) => ({
      title,
      width: WIDTH,
      height: HEIGHT,
      data: {
        values: lines.flatMap(({ legend, points }) =>
          points.map(({ timeMs, value }) => ({ line: legend, time: timeMs, value })),
        ),
      },
      mark: { type: 'line', point: { size: 12 }, strokeWidth: 1.5 },
      encoding: {
        x: { field: 'time', type: 'temporal', scale: { type: 'utc' }, title: null, axis: { format: '%H:%M' } },
        y: { field: 'value', type: 'quantitative', title: null, scale: { zero: false } },
        color: { field: 'line', type: 'nominal', title: null },
      },
    })),
    resolve: { scale: { color: 'independent' } },
    config: { view: { stroke: '#e5e7eb' }, axis: { gridColor: '#eef0f3' }, legend: { orient: 'right' } },
  };
  const view = new View(parse(compile(chart).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  const folder = process.env.FORESCALE_DRAW;
  if (folder) {
    const file = join(folder, path.replace(/\.json$/, '.svg'));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${svg}\n`);
  }
  return svg;
}
