import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort } from '@forescale/bench/servers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubernetesTools } from '../../tools/kubernetes-tools.ts';
import { createLoadedCluster, runInRealTime } from '../harness/loaded-cluster.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { commandsOf, type DocumentedCommand, documents } from './commands.ts';
import { handlingOf } from './handling.ts';
import { Workspace } from './workspace.ts';

const HOUR_MS = 3_600_000;
const commands = (await Promise.all((await documents()).map((file) => commandsOf(file)))).flat();
/** Once each, whichever documents have it. */
const unique = [...new Map(commands.map((one) => [one.text, one])).values()];
const of = (kind: string) => unique.filter(({ text }) => handlingOf(text)?.kind === kind).map(named);
const named = (command: DocumentedCommand) => [`${command.file}: ${command.text}`, command.text] as const;

const closing: (() => Promise<unknown>)[] = [];
let workspace: Workspace;
let address: string;

beforeAll(async () => {
  workspace = await Workspace.create();
  closing.push(workspace.remove);
  const nowMs = Date.now();
  const cluster = createLoadedCluster({
    ...{ startMs: nowMs, endMs: nowMs + HOUR_MS, initialNodes: 2, load: () => 150 },
  });
  const { url, stop } = await runInRealTime(cluster);
  closing.push(stop);
  const port = await freePort();
  address = `127.0.0.1:${port}`;
  await workspace.write('forescale.yaml', configuration(url, port));
  for (const name of ['influxdb-password', 'nats-token', 'http-token']) await workspace.write(name, 'of-the-test');
  await workspace.write('token', 'of-the-test');
  await workspace.write('push.token', 'of-the-push');
  for (const name of ['load.csv', 'trace.csv']) await workspace.write(name, trace(nowMs));
  const filled = await workspace.run('npm run -s forescale -- import --config forescale.yaml --csv load.csv');
  expect(filled.code, filled.stderr).toBe(0);
  const config = join(workspace.path, 'forescale.yaml');
  const service = await ForescaleProcess.service(['up', '--config', config]);
  closing.push(() => service.interrupt());
}, 120_000);
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

/** That every document's `forescale.yaml` could be. */
function configuration(clusterUrl: string, port: number): string {
  const inWorkspace = (name: string) => JSON.stringify(join(workspace.path, name));
  return `autoscaler:
  data_dir: ${inWorkspace('data')}
  store: { kind: sqlite, path: ${inWorkspace('store.db')} }
  kubernetes: { url: "${clusterUrl}" }
  clock: { tick: 1s }
  http: { port: ${port}, token_file: ${inWorkspace('token')}, push_token_file: ${inWorkspace('push.token')} }
  sources: { push: {} }
  pools:
    - name: web
      mode: observe
      provider: { kind: none }
      capacity_per_node: 100
      bounds: { min_nodes: 1, max_nodes: 20 }
      offerings: [{ instance_type: small, zone: a, usd_per_hour: 0.1 }]
      signals: [{ name: load, interval: 60s }, { name: rps, unit: "1/s", interval: 60s }]
`;
}

function trace(nowMs: number): string {
  const startS = Math.floor(nowMs / 1_000) - 3 * 86_400;
  const rows = Array.from({ length: 864 }, (_, i) => `${startS + 300 * i},${500 + 300 * Math.sin(i / 45.8)}`);
  return `timestamp,value\n${rows.join('\n')}\n`;
}

/** As it stands, but on the address of this test, and without npm's own lines. */
const asRun = (text: string) =>
  text
    .replaceAll('127.0.0.1:8080', address)
    .replaceAll('npm run ', 'npm run -s ')
    .replace(/(?<=--until )[\d-]+/, soon);

/** Dates of documents pass. */
function soon(): string {
  return new Date(Date.now() + 24 * HOUR_MS).toISOString().slice(0, 10);
}

describe('commands of the documents', () => {
  it('there are many, and each is run, checked, or said not to be', () => {
    expect(unique.length).toBeGreaterThan(60);
    expect(unique.filter(({ text }) => handlingOf(text) === null)).toEqual([]);
  });

  it.each(of('runs'))('runs: %s', async (_name, text) => {
    const handling = handlingOf(text);
    if (handling?.kind !== 'runs') throw new Error('told apart above');
    const { code, stdout, stderr } = await workspace.run(asRun(text) + handling.more);
    expect(handling.codes, `${stdout}\n${stderr}`).toContain(code);
    expect(stdout + stderr).toMatch(handling.says);
  });

  it.each(of('helps'))('has the options that it is given: %s', async (_name, text) => {
    const [program = ''] = text.split(/ --?[a-z][a-z-]*(?:=| |$)/);
    const command = /^npm run bench -- \S+|^npm run chaos --/.exec(text)?.[0] ?? program;
    const { code, stdout, stderr } = await workspace.run(`${asRun(command)} --help`);
    expect(code, stderr).toBe(0);
    const given = [...text.slice(command.length).matchAll(/ (--[a-z-]+)/g)].map(([, flag]) => flag);
    for (const flag of given) expect(stdout).toMatch(new RegExp(`${flag}(?![\\w-])`));
  });

  it.each(of('tries'))('kubectl makes something of it: %s', async (_name, text) => {
    const command = text.replace(/^kubectl/, resolve(kubernetesTools().kubectl));
    const { code, stdout, stderr } = await workspace.run(`${command} --dry-run=client -o yaml`);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^kind: /m);
  });

  it('stand in blocks of sh, which are all read', async () => {
    for (const file of await documents())
      expect(readFileSync(file, 'utf8'), file).not.toMatch(/```(bash|shell|console|zsh)\b/);
  });

  it.each(of('elsewhere'))('is run by another test: %s', (_name, text) => {
    const handling = handlingOf(text);
    if (handling?.kind !== 'elsewhere') throw new Error('told apart above');
    expect(readFileSync(handling.test, 'utf8').includes(handling.words), handling.test).toBe(true);
  });

  for (const { file, text } of unique) {
    const handling = handlingOf(text);
    if (handling?.kind === 'not') it.skip(`${file}: ${text} (not run: ${handling.why})`, () => {});
  }
});
