import { setImmediate as turn } from 'node:timers/promises';
import { type Config, parseConfig } from '@forescale/shared/config';
import { ManualClock } from '@forescale/shared/time';
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { LOOK_EVERY_MS, runReloading } from './reloading.ts';

const named = (name: string) => parseConfig(`autoscaler: { pools: [{ name: ${name} }] }`, 'test', {});
const poolOf = (config: Config) => config.pools[0]?.name ?? '';

let clock: ManualClock;
let stop: AbortController;
let file: () => Config;
/** Pools of the configurations that were started, and "-" of those that were stopped. */
let events: string[];
let unstartable: string | null;
let said: string[];
let running: Promise<void>;

beforeEach(() => {
  clock = new ManualClock(0);
  stop = new AbortController();
  file = () => named('a');
  events = [];
  unstartable = null;
  said = [];
});

function run(): void {
  const start = async (config: Config) => {
    const pool = poolOf(config);
    if (pool === unstartable) throw new Error('the token file is not there');
    events.push(pool);
    return async (signal: AbortSignal) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      events.push(`-${pool}`);
    };
  };
  const log = pino({}, { write: (line: string) => said.push((JSON.parse(line) as { msg: string }).msg) });
  running = runReloading(named('a'), { load: async () => file(), start, clock, log }, stop.signal);
}

async function look(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await turn();
  clock.advanceTo(clock.nowMs() + LOOK_EVERY_MS);
  for (let turns = 0; turns < 5; turns++) await turn();
}

describe('a configuration that changes', () => {
  it('is started in place of the one before, once that has stopped', async () => {
    run();
    await look();
    expect(events).toEqual(['a']);
    file = () => named('b');
    await look();
    await look();
    expect(events).toEqual(['a', '-a', 'b']);
    stop.abort();
    await running;
    expect(events.at(-1)).toBe('-b');
  });

  it('to something wrong is told once, and the last valid one goes on', async () => {
    run();
    file = () => parseConfig('autoscaler: { pools: [] }', 'f.yaml', {});
    for (let looks = 0; looks < 3; looks++) await look();
    expect(events).toEqual(['a']);
    expect(said).toEqual([
      'the configuration is not valid any more, the last one goes on: f.yaml: autoscaler.pools = []: allowed: a list of 1 to 256 pools',
    ]);
    file = () => named('b');
    await look();
    expect(events).toEqual(['a', '-a', 'b']);
    stop.abort();
    await running;
  });

  it('to one that cannot be started goes back to the last that could, and is not tried again', async () => {
    run();
    unstartable = 'b';
    file = () => named('b');
    for (let looks = 0; looks < 3; looks++) await look();
    expect(events).toEqual(['a', '-a', 'a']);
    file = () => named('c');
    await look();
    expect(events).toEqual(['a', '-a', 'a', '-a', 'c']);
    stop.abort();
    await running;
  });
});

it('what cannot be started at first is not started', async () => {
  unstartable = 'a';
  run();
  await expect(running).rejects.toThrow('the token file is not there');
});
