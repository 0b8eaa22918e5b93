import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ForescaleProcess } from '../harness/process.ts';

const SIMULATE = 'examples/simulate.yaml';
const END_MS_MAX = 60_000;
const DAY_S = 86_400;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forescale-cli-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const command = new ForescaleProcess(args);
  const code = await command.end(END_MS_MAX);
  return { code, stdout: command.stdout, stderr: command.stderr };
}

async function trace(name: string, rows: readonly string[], header = 'timestamp,value'): Promise<string> {
  const path = join(folder, `${name}.csv`);
  await writeFile(path, `${[header, ...rows].join('\n')}\n`);
  return path;
}

/** Five-minute samples: a wave of a day, `days` long, made of `value`. */
function wave(days: number, value = (second: number) => 20 + 10 * Math.sin((2 * Math.PI * second) / DAY_S)): string[] {
  return Array.from(
    { length: days * 288 },
    (_, index) => `${1_700_000_000 + 300 * index},${value(300 * index).toFixed(3)}`,
  );
}

describe('a trace that cannot be used is refused in one line, exit code 2', () => {
  test.each<[string, string[], string, RegExp]>([
    ['text for a number', ['1,2', '61,many'], 'timestamp,value', /line 3: value = "many".*allowed: a finite number/],
    ['time going backwards', ['120,1', '60,1'], 'timestamp,value', /line 3: timestamp.*allowed/],
    ['no rows', [], 'timestamp,value', /no samples.*allowed/],
    ['another header', ['1,2'], 'time,load', /header.*allowed: timestamp,value/],
  ])('%s', async (name, rows, header, message) => {
    const path = await trace(name.replaceAll(' ', '-'), rows, header);
    for (const args of [
      ['simulate', path, '--config', SIMULATE, '--policy', 'reactive'],
      ['backtest', path, '--horizon', '3'],
    ]) {
      const { code, stdout, stderr } = await run(...args);
      expect(stderr).toMatch(message);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stdout).toBe('');
      expect(code).toBe(2);
    }
  });
});

describe('an odd trace is replayed all the same', () => {
  test.each<[string, string[]]>([
    ['one row', ['1700000000,5']],
    ['all zeros', wave(2, () => 0)],
    [
      'a gap of 5 days',
      [...wave(3), ...wave(2).map((row) => row.replace(/^\d+/, (second) => String(Number(second) + 8 * DAY_S)))],
    ],
  ])('%s', async (name, rows) => {
    const path = await trace(name.replaceAll(' ', '-'), rows);
    const { code, stdout } = await run('simulate', path, '--config', SIMULATE, '--json', '-');
    const summary = JSON.parse(stdout) as Record<string, number>;
    expect(summary.unmet_demand_share).toBeGreaterThanOrEqual(0);
    expect(summary.usd).toBeGreaterThan(0);
    expect(code).toBe(0);
  });
});

test('simulate: the timeline has the promised columns, a row a scored step', async () => {
  const path = await trace('two-days', wave(2));
  const timeline = join(folder, 'timeline.csv');
  const { code, stdout } = await run(
    'simulate',
    path,
    '--config',
    SIMULATE,
    '--policy',
    'oracle',
    '--json',
    '-',
    '--timeline',
    timeline,
  );
  const lines = (await readFile(timeline, 'utf8')).trim().split('\n');
  expect(code).toBe(0);
  expect(lines[0]).toBe(
    'timestamp,demand,capacity_ready,nodes_ready,nodes_starting,nodes_draining,nodes_spot,nodes_desired,usd_per_hour',
  );
  expect(lines.length - 1).toBe((JSON.parse(stdout) as { steps: number }).steps);
});

test('bad usage ends with exit code 2 and says what is allowed', async () => {
  const path = await trace('short', wave(1));
  expect((await run('dance')).code).toBe(2);
  const policy = await run('simulate', path, '--config', SIMULATE, '--policy', 'luck');
  expect([policy.code, policy.stderr]).toEqual([
    2,
    expect.stringMatching(/--policy = "luck"; allowed: forescale, reactive/),
  ]);
  const config = await run('validate', join(folder, 'absent.yaml'));
  expect([config.code, config.stderr]).toEqual([2, expect.stringMatching(/absent\.yaml: cannot be read: ENOENT/)]);
});

test('demo --once ends by itself with a summary, on nothing but this machine', async () => {
  const { code, stdout } = await run('demo', '--once', '--days', '0.1', '--json', '-');
  const summary = JSON.parse(stdout) as Record<
    string,
    { p50: number; p95: number; usd: number; unmet_demand_share: number }
  >;
  expect(code).toBe(0);
  expect(summary).toMatchObject({ backend: expect.stringMatching(/tensorflow|wasm|cpu/), model: 'combination' });
  expect(summary.lead_seconds).toMatchObject({ p50: expect.any(Number), p95: expect.any(Number) });
  for (const policy of ['forescale', 'reactive', 'oracle']) expect(summary[policy]?.usd).toBeGreaterThan(0);
  expect(summary.oracle?.unmet_demand_share).toBe(0);
});
