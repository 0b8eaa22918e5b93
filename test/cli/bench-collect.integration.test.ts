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
  captured(() => runProgram(createProgram, ['collect', ...args]));

describe('bench collect', () => {
  it.each([
    ['--points', '10'],
    ['--messages', '1.5'],
  ])('%s %s: exit 2 and one line', async (option, value) => {
    const { code, stderr } = await bench(option, value);
    expect(stderr).toMatch(new RegExp(`${option} = "${value}"; allowed: a (whole )?number from 1000 to`));
    expect(code).toBe(2);
  });

  it('a row for each way in, each with a bare client beside it, and everything stored', async () => {
    const json = join(directory, 'c.json');
    const { code, stdout, stderr } = await bench('--points', '20000', '--messages', '3000', '--json', json);
    expect(code, stderr).toBe(0);
    const { rows, summary } = JSON.parse(await readFile(json, 'utf8'));
    expect(rows.map(({ target }: { target: string }) => target)).toEqual(['influxdb', 'core-nats', 'jetstream']);
    for (const { per_second, raw_per_second, ratio, rss_mb } of rows) {
      expect(per_second).toBeGreaterThan(0);
      expect(ratio).toBeCloseTo(per_second / raw_per_second, 2);
      expect(rss_mb).toBeGreaterThan(20);
    }
    expect(summary).toMatchObject([
      { sent: 20_000, stored: 20_000 },
      { sent: 3_000, stored: 3_000 },
      { sent: 3_000, stored: 3_000 },
    ]);
    expect(stdout).toMatch(/^jetstream +\d+ +\d+/m);
  });
});
