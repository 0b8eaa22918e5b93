import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../harness/config-file.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { ran } from './captured.ts';
import { type TraceName, writeSeconds, writeTrace } from './traces.ts';

const CONFIG = ['--config', 'examples/simulate.yaml'];
const ONE_LINE = /^forescale: [^\n]+\n$/;
const WITHIN_MS = 60_000;

let directory: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
});
afterAll(() => remove());

const COMMANDS = {
  simulate: (path: string) => ['simulate', path, ...CONFIG],
  reactive: (path: string) => ['simulate', path, ...CONFIG, '--policy', 'reactive'],
  backtest: (path: string) => ['backtest', path, '--horizon', '6', '--origins', '3'],
  forecast: (path: string) => ['forecast', path, '--horizon', '3'],
  demo: (path: string) => ['demo', '--once', '--days', '0.05', '--trace', path],
} as const;
const ALL = Object.keys(COMMANDS) as (keyof typeof COMMANDS)[];

const cases = (names: readonly TraceName[], commands: readonly (keyof typeof COMMANDS)[]) =>
  names.flatMap((name) => commands.map((command) => [name, command] as const));

/** What each file is refused for. */
const REFUSALS = {
  text: /line 52: value = "many"; allowed: a finite number/,
  backwards: /line 52: timestamp = \d+ is not after the row before; allowed: strictly increasing times/,
  'header-only': /no samples; allowed: at least one row/,
  empty: /no samples; allowed: at least one row/,
  binary: /line 1: header = .*; allowed: timestamp,value/,
} as const;

describe('traces that cannot be used: exit 2 and one line that says where and what is allowed', () => {
  it.each(cases(Object.keys(REFUSALS) as (keyof typeof REFUSALS)[], ALL))('%s: %s', async (name, command) => {
    const { code, stdout, stderr } = await ran(...COMMANDS[command](await writeTrace(directory, name)));
    expect(stderr).toMatch(ONE_LINE);
    expect(stderr).toMatch(REFUSALS[name as keyof typeof REFUSALS]);
    expect(stderr).toContain(name);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it.each(cases(['one-row'], ['backtest', 'demo']))('%s: %s', async (name, command) => {
    const { code, stderr } = await ran(...COMMANDS[command](await writeTrace(directory, name)));
    expect(stderr).toMatch(ONE_LINE);
    expect(stderr).toMatch(/one-row.csv: .*; allowed: (at least 2h|a longer trace)/);
    expect(code).toBe(2);
  });
});

/** Everything in a result of `--json`, at any depth, that is a number or null. */
function numbersOf(value: unknown): (number | null)[] {
  if (typeof value === 'number' || value === null) return [value];
  return typeof value === 'object' ? Object.values(value).flatMap(numbersOf) : [];
}

describe('traces that are odd but right: exit 0, and on stdout nothing but JSON whose numbers are finite', () => {
  it.each([...cases(['gaps', 'zeros'], ALL), ...cases(['one-row'], ['simulate', 'reactive', 'forecast'])])(
    '%s: %s',
    async (name, command) => {
      const path = await writeTrace(directory, name);
      const { code, stdout, stderr } = await ran(...COMMANDS[command](path), '--json', '-');
      expect(code, stderr).toBe(0);
      expect(stdout.trim().split('\n')).toHaveLength(1);
      const numbers = numbersOf(JSON.parse(stdout));
      expect(numbers.length).toBeGreaterThan(0);
      // JSON has no NaN: it turns into null.
      if (command !== 'forecast') expect(numbers).not.toContain(null);
    },
    WITHIN_MS,
  );

  it('zeros are forecast as zeros, and need no node beyond the minimum', async () => {
    const path = await writeTrace(directory, 'zeros');
    const forecast = JSON.parse((await ran(...COMMANDS.forecast(path), '--json', '-')).stdout);
    expect(new Set(Object.values(forecast.quantiles).flat())).toEqual(new Set([0]));
    const replay = JSON.parse((await ran(...COMMANDS.simulate(path), '--json', '-')).stdout);
    expect(replay).toMatchObject({ unmet_demand_share: 0, nodes_created: 0, cost_ratio: 1 });
  });

  it('the timeline has the promised columns, and a row for every scored step', async () => {
    const path = await writeTrace(directory, 'good');
    const timeline = join(directory, 'timeline.csv');
    const { stdout } = await ran(
      'simulate',
      path,
      ...CONFIG,
      '--policy',
      'oracle',
      '--json',
      '-',
      '--timeline',
      timeline,
    );
    const [header, ...rows] = (await readFile(timeline, 'utf8')).trim().split('\n');
    expect(header).toBe(
      'timestamp,demand,capacity_ready,nodes_ready,nodes_starting,nodes_draining,nodes_spot,nodes_desired,usd_per_hour',
    );
    expect(rows).toHaveLength(JSON.parse(stdout).steps);
  });

  it(
    '10 million rows are read and replayed',
    async () => {
      const path = await writeSeconds(directory, 10_000_000);
      const replay = new ForescaleProcess(['simulate', path, ...CONFIG, '--policy', 'reactive', '--json', '-']);
      expect(await replay.end(WITHIN_MS)).toBe(0);
      expect(JSON.parse(replay.stdout)).toMatchObject({ policy: 'reactive', steps: 83_334 });
    },
    2 * WITHIN_MS,
  );
});

describe('command lines', () => {
  it.each([
    [['nope'], /unknown command 'nope'/],
    [['simulate'], /required option '--config <file>' not specified/],
    [['validate'], /missing required argument 'config'/],
    [['validate', 'examples/minimal.yaml', '--nope'], /unknown option '--nope'/],
    [['simulate', 'x.csv', ...CONFIG, '--policy', 'nope'], /--policy = "nope"; allowed: forescale, reactive/],
    [['simulate', 'x.csv', ...CONFIG, '--seed', '1.5'], /--seed = "1.5"; allowed: a whole number/],
    [['simulate', 'x.csv', ...CONFIG, '--history', '1'], /--history = "1"; allowed: a number from 0 to 0.99/],
    [['simulate', '/nowhere.csv', ...CONFIG], /\/nowhere.csv: cannot be read: ENOENT/],
    [['simulate', 'examples', ...CONFIG], /examples: cannot be read: EISDIR/],
    [['forecast', 'x.csv', '--horizon', 'soon'], /--horizon = "soon"; allowed: a number/],
    [['demo', '--once', '--days', '-1'], /--days = "-1"; allowed: a number/],
    [['demo', '--cluster', '0.0.0.0:8090'], /--cluster = "0.0.0.0:8090"; allowed: together with --config/],
    [['demo', ...CONFIG, '--cluster', 'here'], /--cluster = "here"; allowed: an address and a port, such as /],
    [['demo', ...CONFIG, '--cluster', '[::1]:70000'], /--cluster = ".*"; allowed: an address and a port, such as /],
    [['demo', ...CONFIG], /examples\/simulate.yaml: autoscaler.bus.kind = in-process; allowed for .*: nats/],
    [['up', '--config', '/nowhere.yaml'], /\/nowhere.yaml: cannot be read: ENOENT/],
  ])('%j: exit 2', async (args, reason) => {
    const { code, stdout, stderr } = await ran(...args);
    expect(stderr).toMatch(reason);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('a kubeconfig that is not there stops the start with exit 2, after all that was opened is closed', async () => {
    const file = join(directory, 'kubeconfig.yaml');
    const store = { kind: 'sqlite', path: join(directory, 'kubeconfig.db') };
    const kubernetes = { kubeconfig: '/none/config' };
    await writeFile(file, JSON.stringify({ autoscaler: { data_dir: directory, store, kubernetes } }));
    const up = new ForescaleProcess(['up', '--config', file]);
    expect(await up.end(WITHIN_MS)).toBe(2);
    expect(up.stderr).toMatch(
      /forescale: autoscaler\.kubernetes\.kubeconfig = \/none\/config: cannot be read: ENOENT\n$/,
    );
  });

  it.each([['--help'], ['simulate', '--help']])('%s %s: exit 0', async (...args) => {
    const { code, stdout, stderr } = await ran(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: forescale/);
  });

  it('a result that cannot be written is told, and the exit code with it', async () => {
    const path = await writeTrace(directory, 'good');
    const { code, stderr } = await ran(...COMMANDS.reactive(path), '--json', '/nowhere/x.json');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'forescale: --json = /nowhere/x.json: cannot be written: ENOENT\n',
    });
  });

  it('the process ends with the code that the command gave', async () => {
    const unknown = new ForescaleProcess(['nope']);
    const valid = new ForescaleProcess(['validate', 'examples/minimal.yaml']);
    expect(await unknown.end(WITHIN_MS)).toBe(2);
    expect(await valid.end(WITHIN_MS)).toBe(0);
  });

  it('a reader that has left, such as head, is no failure', async () => {
    const args = ['cli/src/main.ts', 'validate', 'examples/minimal.yaml', '--print'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const [code] = await once(child, 'close');
    expect({ code, stderr: stderr.includes('EPIPE') }).toEqual({ code: 0, stderr: false });
  });

  it('demo: a port that is taken is exit 1 and one line, and nothing keeps it from ending', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const demo = new ForescaleProcess(['demo', '--days', '0.05', '--port', String(port)]);
    expect(await demo.end(WITHIN_MS)).toBe(1);
    expect(demo.stderr).toMatch(/^forescale: listen EADDRINUSE: [^\n]+\n$/);
    server.close();
  });
});
