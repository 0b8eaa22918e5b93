import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dashboardFiles } from '../../tools/grafana/files.ts';
import { DIALECTS, type Dialect } from '../../tools/grafana/spec.ts';
import { ask, type Line } from './ask.ts';
import { drawDashboard } from './draw.ts';
import { type RecordedRun, recordRun } from './recorded-run.ts';

/**
 * Every query of every panel is put to real servers, filled by a real run. Grafana itself is no package of Debian's or
 * npm's: what it does between a query's answer and the screen is drawn here by another library, and not checked.
 */

interface Panel {
  readonly title: string;
  readonly targets: readonly {
    readonly query?: string;
    readonly expr?: string;
    readonly alias?: string;
    readonly legendFormat?: string;
  }[];
}

interface Model {
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly annotations: {
    readonly list: readonly { readonly name: string; readonly query?: string; readonly expr?: string }[];
  };
}

const closing: (() => Promise<unknown>)[] = [];
let run: RecordedRun;
beforeAll(async () => {
  run = await recordRun(closing);
}, 300_000);
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const modelsOf = (dialect: Dialect) =>
  [...dashboardFiles()]
    .filter(([path]) => path.startsWith(`dashboards/${dialect}/`))
    .map(([path, text]) => ({ path, model: JSON.parse(text) as Model }));

/** No order failed in the run, and a lone actuator is not elected. */
const MAY_BE_EMPTY: readonly string[] = ['failed', 'leaders'];

const linesOf = async (dialect: Dialect, panel: Panel): Promise<readonly Line[]> => {
  const asked = panel.targets.map(async (target) => {
    const legend = target.alias ?? target.legendFormat ?? '';
    const lines = await ask(dialect, target.query ?? target.expr ?? '', legend, run);
    if (!MAY_BE_EMPTY.includes(legend))
      expect(
        lines.reduce((sum, line) => sum + line.points.length, 0),
        `${panel.title}: ${legend}`,
      ).toBeGreaterThan(0);
    return lines;
  });
  return (await Promise.all(asked)).flat();
};

describe.each(DIALECTS)('dashboards in %s', (dialect) => {
  it.each(modelsOf(dialect))('$path: every query gives data, which can be drawn', async ({ path, model }) => {
    const drawn: { readonly title: string; readonly lines: readonly Line[] }[] = [];
    for (const panel of model.panels) drawn.push({ title: panel.title, lines: await linesOf(dialect, panel) });
    const svg = await drawDashboard(model.title, drawn, path);
    for (const { title } of drawn) expect(svg).toContain(title.replaceAll('"', '&quot;'));
  });

  it.each(modelsOf(dialect))('$path: marks of nodes that came and went give data', async ({ model }) => {
    for (const { name, query, expr } of model.annotations.list) {
      const text = query ?? expr ?? '';
      // A column of text is no line: it is counted.
      const counted = text.replace('"node", "event"', 'count("node")');
      const lines = await ask(dialect, counted, name, run);
      expect(lines.flatMap((line) => line.points).length, name).toBeGreaterThan(0);
    }
  });
});

describe('what the dashboards say of the run', () => {
  const valuesOf = async (dialect: Dialect, file: string, title: string, legend: string) => {
    const found = modelsOf(dialect).find(({ path }) => path.endsWith(`/${file}.json`));
    const panel = found?.model.panels.find((one) => one.title === title);
    if (!panel) throw new Error(`${file}: no panel ${title}`);
    const line = (await linesOf(dialect, panel)).find((one) => one.legend === legend);
    return (line?.points ?? []).map(({ value }) => value);
  };

  it.each(DIALECTS)('%s: nodes, cost and the machine that was taken back are those of the run', async (dialect) => {
    const ready = await valuesOf(dialect, 'scaling', 'Nodes', 'ready');
    expect(Math.max(...ready)).toBeGreaterThanOrEqual(12);
    expect(Math.min(...ready)).toBeLessThanOrEqual(5);
    const interrupted = await valuesOf(dialect, 'cost', 'Interruptions', 'interrupted');
    expect(Math.round(interrupted.at(-1) ?? 0)).toBe(1);
    const [spent = 0] = (await valuesOf(dialect, 'cost', 'Spent', 'USD')).slice(-1);
    // At most 16 nodes of 0.1 USD for 100 minutes, and never fewer than 2 of 0.03.
    expect(spent).toBeGreaterThan(0.1);
    expect(spent).toBeLessThan(2.7);
  });

  it('both data sources tell the same of one minute', async () => {
    for (const title of ['Cost now', 'Spent', 'Saved by spot machines']) {
      const legend = title === 'Cost now' ? 'USD per hour' : 'USD';
      const [influx = 0, prometheus = 0] = await Promise.all(
        DIALECTS.map(async (dialect) => (await valuesOf(dialect, 'cost', title, legend)).at(-1)),
      );
      expect(prometheus / influx, title).toBeGreaterThan(0.9);
      expect(prometheus / influx, title).toBeLessThan(1.1);
    }
  });
});
