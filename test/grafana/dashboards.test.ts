import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DASHBOARDS, dashboardFiles, pathOf } from '../../tools/grafana/files.ts';
import { DIALECTS } from '../../tools/grafana/spec.ts';

const FOLDER = 'deploy/grafana';
const files = dashboardFiles();

interface Model {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly type: string;
    readonly description: string;
    readonly datasource: { readonly uid: string };
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly fieldConfig: { readonly defaults: { readonly unit?: string } };
    readonly targets: readonly { readonly refId: string; readonly query?: string; readonly expr?: string }[];
  }[];
}

const models = [...files].map(([path, text]) => [path, JSON.parse(text) as Model] as const);

describe('dashboards of Grafana', () => {
  it('lie in the repository as they are made; `npm run dashboards` writes them', async () => {
    for (const [path, text] of files) expect(await readFile(`${FOLDER}/${path}`, 'utf8'), path).toBe(text);
    const there = (await readdir(`${FOLDER}/dashboards`, { recursive: true })).filter((name) => name.endsWith('.json'));
    expect(there.map((name) => `dashboards/${name}`).sort()).toEqual([...files.keys()].sort());
  });

  it('have one address each', () => {
    expect(new Set(models.map(([, { uid }]) => uid)).size).toBe(models.length);
    for (const dialect of DIALECTS)
      for (const { id } of DASHBOARDS) expect(files.has(pathOf(dialect, id)), `${dialect} ${id}`).toBe(true);
  });

  it.each(models)('%s: every panel has a unit, words, queries, and a place of its own', (_path, { panels }) => {
    expect(panels.length).toBeGreaterThanOrEqual(4);
    const cells = new Set<string>();
    for (const { title, description, datasource, gridPos, fieldConfig, targets } of panels) {
      expect(fieldConfig.defaults.unit, title).toMatch(/^\w+$/);
      expect(description.length, title).toBeGreaterThan(10);
      expect(datasource.uid).toBe('$' + '{datasource}');
      expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
      const { x, y, w, h } = gridPos;
      expect(x + w, title).toBeLessThanOrEqual(24);
      for (let dx = 0; dx < w; dx++)
        for (let dy = 0; dy < h; dy++) {
          const cell = `${x + dx},${y + dy}`;
          expect(cells.has(cell), `${title} lies over another panel`).toBe(false);
          cells.add(cell);
        }
    }
  });
});
