import { readFileSync } from 'node:fs';
import { freePort } from '@forescale/bench/servers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Shell } from '../../tools/newcomer/shell.ts';
import { stepsOf } from '../../tools/newcomer/steps.ts';
import { startSurroundings } from '../../tools/newcomer/surroundings.ts';
import { walk } from '../../tools/newcomer/walk.ts';
import { Workspace } from './workspace.ts';

const closing: (() => Promise<unknown>)[] = [];
let shell: Shell;

beforeAll(async () => {
  const workspace = await Workspace.create();
  closing.push(workspace.remove);
  const environment = await startSurroundings(workspace.path, closing);
  shell = new Shell(workspace.path, environment);
  closing.push(() => shell.stop());
}, 120_000);
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

it('docs/start.md: its steps lead to a forecast and a plan on a real Prometheus, and nothing is changed', async () => {
  const port = await freePort();
  const typed = (command: string) => {
    // Both are there.
    if (command.startsWith('git clone') || command === 'npm ci') return null;
    if (!command.startsWith('cp ')) return command.replaceAll(':8080', `:${port}`);
    return `${command} && echo '  http: { port: ${port} }' >> forescale.yaml`;
  };
  const walked = await walk(stepsOf(readFileSync('docs/start.md', 'utf8')), shell, typed);
  expect(walked.length).toBeLessThan(15);
  const plan = await (await fetch(`http://127.0.0.1:${port}/api/v1/plan?pool=web`)).json();
  expect(plan).toMatchObject({ plan: { mode: 'observe', actions: expect.anything() } });
}, 240_000);
