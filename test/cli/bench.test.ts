import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../bench/src/program.ts';
import { runProgram } from '../../cli/src/output/index.ts';
import { temporaryDirectory } from '../harness/config-file.ts';
import { captured, type Ran } from './captured.ts';
import { writeTrace } from './traces.ts';

let directory: string;
let trace: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  // Two of its days: too few for a network, which takes its time.
  const rows = (await readFile(await writeTrace(directory, 'good'), 'utf8')).split('\n');
  trace = join(directory, 'days.csv');
  await writeFile(trace, rows.slice(0, 1 + 2 * 1_440).join('\n'));
});
afterAll(() => remove());

/** A second or two on an idle machine. */
const WITHIN_MS = 120_000;

const bench = (...args: readonly string[]): Promise<Ran> => captured(() => runProgram(createProgram, args));

describe('bench: what is refused with exit 2 and one line', () => {
  it.each<[what: string, args: string[], says: RegExp]>([
    ['an option that is not there', ['forecast', '--horizons', '3'], /unknown option '--horizons'/],
    ['a benchmark that is not there', ['forecasts'], /unknown command 'forecasts'/],
    ['a horizon of nothing', ['forecast', '--horizon', '0'], /--horizon = "0"; allowed: a number from 1 to 2016/],
    [
      'one origin and a half',
      ['forecast', '--origins', '1.5'],
      /--origins = "1.5"; allowed: a whole number from 1 to 10000/,
    ],
    ['a cluster of no nodes', ['plan', '--nodes', '100,0'], /--nodes = "0"; allowed: a number from 1 to 50000/],
    ['a way to read that is not there', ['read', '--mode', 'foo'], /--mode = "foo"; allowed: list, watch$/m],
    ['a trace that is not there', ['forecast', '--trace', 'none.csv'], /none.csv: cannot be read: ENOENT/],
    [
      'a picture in no folder',
      ['forecast', '--picture', 'no/where.svg'],
      /--picture = no\/where.svg: cannot be written/,
    ],
    ['a result in no folder', ['forecast', '--json', 'no/where.json'], /--json = no\/where.json: cannot be written/],
    ['a page without a place', ['forecast', '--markdown', 'LICENSE'], /--markdown = LICENSE: no place for the tables/],
  ])('%s', async (_what, args, says) => {
    const { code, stdout, stderr } = await bench(...args);
    expect(stderr).toMatch(says);
    expect(stderr.replace(/\(see bench --help\)\n/, '').replace(/\(Did you mean .*\)\n/, '')).toMatch(/^[^\n]+\n$/);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('a trace twice', async () => {
    const { code, stderr } = await bench('forecast', '--trace', trace, trace);
    expect(stderr).toMatch(/days.csv: there is another days; allowed: files of different names\n$/);
    expect(code).toBe(2);
  });
});

describe('bench forecast', { timeout: WITHIN_MS }, () => {
  const METHODS = ['forescale', 'persistence', 'seasonal-naive', 'moved-shape', 'holt-winters', 'seasonal-smoothing'];

  it('writes rows, table, page and picture of one run', async () => {
    const picture = join(directory, 'picture.svg');
    const page = join(directory, 'page.md');
    await writeFile(page, 'before\n<!-- bench: forecast -->\nold\n<!-- bench: end -->\nafter\n');
    const files = ['--json', '-', '--picture', picture, '--markdown', page];
    const { code, stdout, stderr } = await bench(
      'forecast',
      '--trace',
      trace,
      '--no-peers',
      '--origins',
      '3',
      ...files,
    );
    expect(code, stderr).toBe(0);

    const { machine, rows, summary } = JSON.parse(stdout);
    expect(machine).toMatchObject({ cores: expect.any(Number), node: process.version, load: expect.any(Number) });
    for (const row of rows) {
      const numbers = ['wql', 'mase', 'coverage90', 'coverage99', 'seconds'].map((key) => [key, expect.any(Number)]);
      expect(row).toMatchObject({ trace: 'days', method: expect.any(String), ...Object.fromEntries(numbers) });
      expect(row.origins).toBe(3);
    }
    expect(rows.map((row: { method: string }) => row.method)).toEqual(expect.arrayContaining(METHODS));
    expect(rows[0]).toMatchObject({ max3_coverage95: expect.any(Number), max30_loss: expect.any(Number) });
    expect(summary.find((one: { method: string }) => one.method === 'seasonal-naive')?.ratio).toBe(1);

    expect(stderr).toMatch(/^days +seasonal-naive +\d/m);
    const svg = await readFile(picture, 'utf8');
    expect(svg).toMatch(/^<svg /);
    for (const method of METHODS) expect(svg).toContain(`>${method}<`);
    const text = await readFile(page, 'utf8');
    expect(text).toMatch(/^before\n<!-- bench: forecast -->\nMeasured \d{4}-\d\d-\d\d on \d+ x /);
    expect(text).toMatch(/\n\| days \| /);
    expect(text).not.toContain('old');
    expect(text).toMatch(/\n<!-- bench: end -->\nafter\n$/);
  });

  it('a trace too short for a forecast is a row that says so, not the end of the run', async () => {
    const short = await writeTrace(directory, 'one-row');
    const args = ['--no-peers', '--origins', '2', '--json', '-', '--picture', join(directory, 'two.svg')];
    const { code, stdout } = await bench('forecast', '--trace', short, trace, ...args);
    const { rows } = JSON.parse(stdout);
    expect(rows[0]).toMatchObject({ trace: 'one-row', wql: null, note: expect.stringMatching(/^no origin/) });
    expect(rows.at(-1)).toMatchObject({ trace: 'days', wql: expect.any(Number) });
    expect(code).toBe(0);
  });
});

describe('bench plan', { timeout: WITHIN_MS }, () => {
  it('writes a row a size, with the growth between them', async () => {
    const { code, stdout } = await bench('plan', '--nodes', '10,20', '--repeats', '2', '--json', '-');
    expect(code).toBe(0);
    const { rows, summary } = JSON.parse(stdout);
    expect(rows).toMatchObject([
      { nodes: 10, pods: 300, pending: 2, offerings: 300, plans: 6 },
      { nodes: 20, pods: 600, pending: 4, offerings: 300, plans: 6 },
    ]);
    for (const row of rows) expect(Math.min(row.p50_ms, row.p99_ms, row.rss_mb)).toBeGreaterThan(0);
    expect(summary).toMatchObject([{ from_nodes: 10, to_nodes: 20 }]);
  });
});
