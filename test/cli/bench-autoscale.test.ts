import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../bench/src/program.ts';
import { runProgram } from '../../cli/src/output/index.ts';
import { temporaryDirectory } from '../harness/config-file.ts';
import { captured, type Ran } from './captured.ts';
import { writeWave } from './traces.ts';

let directory: string;
let trace: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  // Eight hours: too few for a network, which takes its time.
  trace = await writeWave(directory, 480);
});
afterAll(() => remove());

const bench = (...args: readonly string[]): Promise<Ran> =>
  captured(() => runProgram(createProgram, ['autoscale', ...args]));

describe('bench autoscale: what is refused with exit 2 and one line', () => {
  it.each<[what: string, args: string[], says: RegExp]>([
    ['a boot without a unit', ['--boot', '180'], /--boot = "180"; allowed: durations from 1s to 1h/],
    ['a boot of days', ['--boot', '180s,2d'], /--boot = "180s,2d"; allowed/],
    ['a picture in no folder', ['--picture', 'no/where.svg'], /--picture = no\/where.svg: cannot be written/],
    ['timelines in a file', ['--timelines', 'LICENSE'], /--timelines = LICENSE: cannot be made: EEXIST/],
  ])('%s', async (_what, args, says) => {
    const { code, stdout, stderr } = await bench(...args);
    expect(stderr).toMatch(says);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

interface Document {
  readonly machine: object;
  readonly rows: readonly {
    readonly policy: string;
    readonly knobs: string;
    readonly unmet_demand_share: number;
    readonly node_steps: number;
    readonly timeline: string | null;
  }[];
}

it('bench autoscale: rows of one run, timelines that score as their rows say, a picture', async () => {
  const file = (name: string) => join(directory, name);
  const ran = await bench(
    ...['--trace', trace, '--boot', '180s', '--json', file('a.json')],
    ...['--timelines', file('timelines'), '--picture', file('a.svg')],
  );
  expect(ran.stderr).toContain('a.svg');
  expect(ran.code).toBe(0);
  const { rows } = JSON.parse(await readFile(file('a.json'), 'utf8')) as Document;
  for (const policy of ['forescale', 'reactive', 'target', 'holt-winters', 'schedule', 'static']) {
    const own = rows.filter((row) => row.policy === policy);
    // At least 15 settings, each at 5 unneeded times.
    expect(own.length).toBeGreaterThanOrEqual(75);
    expect(new Set(own.map(({ knobs }) => knobs)).size).toBe(own.length);
  }
  const written = rows.filter(({ timeline }) => timeline !== null);
  expect(new Set(await readdir(file('timelines'))).size).toBe(written.length);
  for (const row of written) {
    const scored = score(await readFile(row.timeline as string, 'utf8'));
    expect(scored.rows).toBe(240);
    expect(scored.nodeSteps).toBe(row.node_steps);
    expect(scored.unmet).toBeCloseTo(row.unmet_demand_share, 7);
  }
  expect(await readFile(file('a.svg'), 'utf8')).toContain('holt-winters');
  expect(ran.stdout).toMatch(/wave +180 s +0.5 %/);
}, 120_000);

function score(csv: string) {
  const [header = '', ...lines] = csv.trimEnd().split('\n');
  const columns = header.split(',');
  let [nodeSteps, demand, unmet] = [0, 0, 0];
  for (const line of lines) {
    const cells = line.split(',').map(Number);
    const at = (name: string) => cells[columns.indexOf(name)] as number;
    nodeSteps += at('nodes_ready') + at('nodes_starting') + at('nodes_draining');
    demand += at('demand');
    unmet += Math.max(0, at('demand') - at('capacity_ready'));
  }
  return { rows: lines.length, nodeSteps, unmet: unmet / demand };
}
