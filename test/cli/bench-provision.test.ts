import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../bench/src/program.ts';
import { runProgram } from '../../cli/src/output/index.ts';
import { temporaryDirectory } from '../harness/config-file.ts';
import { captured, type Ran } from './captured.ts';

let directory: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
});
afterAll(() => remove());

const bench = (...args: readonly string[]): Promise<Ran> =>
  captured(() => runProgram(createProgram, ['provision', ...args]));

describe('bench provision', { timeout: 60_000 }, () => {
  it.each<[what: string, args: string[], says: RegExp]>([
    ['no nodes', ['--nodes', '0'], /--nodes = "0"; allowed: a number from 1 to 1000/],
    ['a latency without a unit', ['--latency', '2'], /--latency = "2"; allowed: a duration from 0s to 14s/],
    ['a latency beyond the time-out', ['--latency', '1m'], /--latency = "1m"; allowed: a duration from 0s to 14s/],
    ['no rate', ['--rate', '0'], /--rate = "0"; allowed: a number from 0.1 to 10000/],
    ['a picture in no folder', ['--picture', 'no/where.svg'], /--picture = no\/where.svg: cannot be written/],
  ])('%s: exit 2 and one line', async (_what, args, says) => {
    const { code, stderr } = await bench(...args);
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
  });

  it('a row for each way with and without a limit, a table and a picture', async () => {
    const [json, picture] = [join(directory, 'p.json'), join(directory, 'p.svg')];
    const size = ['--nodes', '8', '--latency', '50ms', '--rate', '40', '--sequential-nodes', '2'];
    const ran = await bench(...size, '--json', json, '--picture', picture);
    expect(ran.code, ran.stderr).toBe(0);
    const { rows, summary } = JSON.parse(await readFile(json, 'utf8'));
    expect(rows).toMatchObject([
      { mode: 'concurrent', nodes: 8, latency_s: 0.05, rate_per_s: null, limit_seconds: 0.555, calls: 8 },
      { mode: 'sequential', nodes: 2, latency_s: 0.05, rate_per_s: null, limit_seconds: null, calls: 2 },
      { mode: 'concurrent', nodes: 8, latency_s: 0.05, rate_per_s: 40, limit_seconds: 0.295, calls: 8 },
      { mode: 'sequential', nodes: 2, latency_s: 0.05, rate_per_s: 40, limit_seconds: null, calls: 2 },
    ]);
    // 7 turns of 25 ms; how much more it takes is this machine's.
    expect(rows[2].last_sent_s).toBeGreaterThanOrEqual(0.17);
    expect(rows[1].seconds).toBeGreaterThanOrEqual(0.1);
    expect(summary).toMatchObject([
      { rate_per_s: null, nodes: 8, sequential_measured_nodes: 2 },
      { rate_per_s: 40, nodes: 8, sequential_measured_nodes: 2 },
    ]);
    expect(ran.stdout).toMatch(/^concurrent +8 +0\.1 +- +\d/m);
    expect(await readFile(picture, 'utf8')).toContain('concurrent, 8 nodes, no limit');
  });
});
