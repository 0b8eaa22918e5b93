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
  captured(() => runProgram(createProgram, ['workloads', ...args]));

describe('bench workloads', () => {
  it.each<[what: string, args: string[], says: RegExp]>([
    ['a shape that is not there', ['--shape', 'square'], /--shape = "square"; allowed: steady, ramp, day-week/],
    ['no hours', ['--hours', '0'], /--hours = "0"; allowed: a number from 0.5 to 168/],
    ['a picture in no folder', ['--picture', 'no/where.svg'], /--picture = no\/where.svg: cannot be written/],
  ])('%s: exit 2 and one line', async (_what, args, says) => {
    const { code, stderr } = await bench(...args);
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
  });

  it('a row for each policy, a table and a picture', async () => {
    const [json, picture] = [join(directory, 'w.json'), join(directory, 'w.svg')];
    const ran = await bench('--shape', 'on-off', '--hours', '0.5', '--json', json, '--picture', picture);
    expect(ran.code, ran.stderr).toBe(0);
    const { rows } = JSON.parse(await readFile(json, 'utf8')) as { rows: Record<string, unknown>[] };
    expect(rows.map(({ policy }) => policy)).toEqual([
      ...['forescale', 'reactive', 'target', 'holt-winters', 'schedule', 'static'],
    ]);
    for (const row of rows)
      expect(row).toMatchObject({ shape: 'on-off', hours: 0.5, seed: 1, usd: expect.any(Number) });
    expect(ran.stdout).toMatch(/on-off +forescale +\d/);
    expect(await readFile(picture, 'utf8')).toContain('holt-winters');
  }, 120_000);
});
