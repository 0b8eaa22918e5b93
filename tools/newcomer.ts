import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Shell } from './newcomer/shell.ts';
import { stepsOf } from './newcomer/steps.ts';
import { startSurroundings } from './newcomer/surroundings.ts';
import { walk } from './newcomer/walk.ts';

/** `npm run newcomer`: the first hour of somebody who has just heard of Forescale, by the clock. Needs port 8080. */

const PAGE = 'http://127.0.0.1:8080';
const DEMO_SECONDS_MAX = 180;
const STEPS_MAX = 15;
const POLL_MS = 250;

const repository = execFileSync('git', ['rev-parse', '--show-toplevel'], { encoding: 'utf8' }).trim();
const folder = mkdtempSync(join(tmpdir(), 'forescale-newcomer-'));
const closing: (() => Promise<unknown>)[] = [];
const say = (words: string) => process.stdout.write(`${words}\n`);
const shown = (seconds: number) => `${seconds.toFixed(1).padStart(6)} s`;

try {
  const demo = await untilTheDemoMoves();
  say(`clone to a moving demo: ${demo.toFixed(0)} s (limit ${DEMO_SECONDS_MAX} s)\n`);
  const steps = await untilItObserves();
  say(`clone to one's own Prometheus in observe: ${steps} steps (limit ${STEPS_MAX - 1})`);
  process.exitCode = demo < DEMO_SECONDS_MAX && steps < STEPS_MAX ? 0 : 1;
} finally {
  for (const close of closing.toReversed()) await close();
  rmSync(folder, { recursive: true, force: true });
}

/** What the first screen of the README says. */
async function untilTheDemoMoves(): Promise<number> {
  const shell = new Shell(folder, {});
  const startMs = performance.now();
  const step = async (words: string, work: () => Promise<unknown>) => {
    const fromMs = performance.now();
    await work();
    say(`${shown((performance.now() - fromMs) / 1_000)}  ${words}`);
  };
  await step('git clone', () => shell.type(`git clone --quiet ${JSON.stringify(repository)} demo && cd demo`));
  await step('npm ci', () => shell.type('npm ci'));
  shell.leave('npm run demo');
  try {
    await step('npm run demo, until the page shows a load', () => loadAfter(null));
    const first = await loadAfter(null);
    await step('until it has moved', () => loadAfter(first));
    return (performance.now() - startMs) / 1_000;
  } finally {
    await shell.stop();
  }
}

/** The demo's own time, once there is a plan, and once it is another than before. */
async function loadAfter(before: string | null): Promise<string> {
  for (;;) {
    const response = await fetch(`${PAGE}/api/v1/plan?pool=web`).catch(() => null);
    const document = response?.ok ? ((await response.json()) as { plan: { time: string } | null }) : null;
    if (document?.plan && document.plan.time !== before) return document.plan.time;
    await delay(POLL_MS);
  }
}

/** What docs/start.md says, step by step. */
async function untilItObserves(): Promise<number> {
  const environment = { ...(await startSurroundings(folder, closing)), REPOSITORY: repository };
  const shell = new Shell(folder, environment);
  closing.push(() => shell.stop());
  const steps = stepsOf(readFileSync(join(repository, 'docs/start.md'), 'utf8'));
  const asItStands = (command: string) => command;
  const walked = await walk(steps, shell, asItStands, ({ step, seconds }) =>
    say(`${shown(seconds)}  ${step.number}. ${step.words}`),
  );
  return walked.length;
}
