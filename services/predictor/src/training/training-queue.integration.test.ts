import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Bus, createNatsBus } from '@forescale/shared/bus';
import { type ModelKey, modelName } from '@forescale/shared/domain';
import { silentLog } from '@forescale/shared/telemetry';
import { systemClock } from '@forescale/shared/time';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startNats, type TestServer } from '../../../../test/servers/index.ts';
import { TrainingQueue } from './training-queue.ts';

const SERIES = 1_000;
const WORKER = fileURLToPath(new URL('./queue.test-worker.ts', import.meta.url));
const keys = Array.from({ length: SERIES }, (_, i): ModelKey => ({ kind: 'series', pool: 'web', signal: `s${i}` }));

let server: TestServer;
let bus: Bus;
const children: ChildProcess[] = [];
beforeAll(async () => {
  server = await startNats();
  bus = await createNatsBus({ servers: [server.url], name: 'test' });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await bus.close();
  await server.stop();
});

/** A process that trains; `done` grows with what it has said. */
function startWorker(): { readonly child: ChildProcess; done(): string[] } {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', WORKER, server.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return { child, done: () => said.split('\n').slice(0, -1) };
}

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 50 });

it('two processes share 1,000 trainings evenly; one is killed, the other does the rest, and none is forgotten', async () => {
  const queue = new TrainingQueue({ bus, clock: systemClock, log: silentLog() });
  const [one, two] = [startWorker(), startWorker()];
  const request = (key: ModelKey) =>
    queue.request({ key, reason: 'first', requestedMs: Date.now(), knownVersion: null });
  // Both are there before there is much to do.
  await request(keys[0] as ModelKey);
  const probe = { kind: 'series', pool: 'probe', signal: 'x' } as const;
  for (let i = 0; Math.min(one.done().length, two.done().length) === 0; i++) {
    await request({ ...probe, signal: `x${i}` });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const before = [one.done().length, two.done().length] as const;
  await Promise.all(keys.map(request));
  await eventually(() => expect(one.done().length + two.done().length).toBeGreaterThan(SERIES / 3));
  two.child.kill('SIGKILL');
  const [first, second] = [one.done().length - before[0], two.done().length - before[1]];
  expect(Math.abs(first - second) / (first + second)).toBeLessThan(0.25);
  // What the dead one had in hand comes again after 10 s.
  await eventually(async () => {
    for (const key of keys) expect(await queue.isPending(key)).toBe(false);
  });
  const done = [...one.done(), ...two.done()].filter((name) => !name.includes('/probe/'));
  expect(new Set(done)).toEqual(new Set(keys.map(modelName)));
  // At least once: what was done and not yet acknowledged is done again, and nothing else.
  expect(done.length).toBeLessThanOrEqual(SERIES + 2);
});
