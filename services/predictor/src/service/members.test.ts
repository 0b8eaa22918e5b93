import { type Bus, createInProcessBus } from '@forescale/shared/bus';
import { silentLog } from '@forescale/shared/telemetry';
import { ManualClock } from '@forescale/shared/time';
import { encodePredictor, subjects } from '@forescale/shared/wire';
import { beforeEach, expect, it } from 'vitest';
import { Members } from './members.ts';

const TICK_MS = 60_000;
let clock: ManualClock;
let bus: Bus;
let down: boolean;
beforeEach(() => {
  clock = new ManualClock(1_000_000);
  down = false;
  bus = createInProcessBus({ clock });
});

/** A member over a bus that can be away: what is said then is not heard by anybody. */
function member(id: string): Members {
  const publish: Bus['publish'] = (subject, data) => {
    return down ? Promise.resolve() : bus.publish(subject, data);
  };
  const own = new Proxy(bus, {
    get: (target, name) => (name === 'publish' ? publish : Reflect.get(target, name).bind(target)),
  });
  return new Members({ bus: own, clock, log: silentLog(), id, tickMs: TICK_MS });
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function tick(...members: Members[]): Promise<void> {
  clock.advanceTo(clock.nowMs() + TICK_MS);
  for (const one of members) await one.announce('ready');
  await settle();
}

const ids = (members: Members) => members.live().map(({ id }) => id);

it('alone until another one is heard; one that comes is known, and knows, at once', async () => {
  const [a, b] = [member('a'), member('b')];
  expect(ids(a)).toEqual(['a']);
  await tick(a);
  expect(ids(a)).toEqual(['a']);
  await b.announce('joining');
  await settle();
  expect(a.live()).toEqual([
    { id: 'a', state: 'ready' },
    { id: 'b', state: 'joining' },
  ]);
  expect(b.live()).toEqual([
    { id: 'b', state: 'joining' },
    { id: 'a', state: 'ready' },
  ]);
});

it('one that is silent for three ticks is there, for more it is gone', async () => {
  const [a, b] = [member('a'), member('b')];
  await tick(a, b);
  for (let i = 0; i < 3; i++) await tick(a);
  expect(ids(a)).toEqual(['a', 'b']);
  await tick(a);
  expect(ids(a)).toEqual(['a']);
  await tick(a, b);
  expect(ids(a)).toEqual(['a', 'b']);
});

it('one that leaves is gone at once', async () => {
  const [a, b] = [member('a'), member('b')];
  await tick(a, b);
  await b.leave();
  await settle();
  expect(ids(a)).toEqual(['a']);
});

it('while the bus is away nobody is gone, nor when it is back', async () => {
  const [a, b] = [member('a'), member('b')];
  await tick(a, b);
  down = true;
  for (let i = 0; i < 10; i++) await tick(a, b);
  expect(ids(a)).toEqual(['a', 'b']);
  down = false;
  await tick(a);
  expect(ids(a)).toEqual(['a', 'b']);
  for (let i = 0; i < 4; i++) await tick(a);
  expect(ids(a)).toEqual(['a']);
});

it('nonsense is no member', async () => {
  const a = member('a');
  await tick(a);
  for (const text of ['{', '{"id":"b","state":"ready","asks":true}']) {
    await bus.publish(subjects.predictor('b'), new TextEncoder().encode(text));
  }
  await bus.publish(subjects.predictor('x'), encodePredictor({ id: 'X Y', state: 'ready', asks: false }, 0));
  await settle();
  expect(ids(a)).toEqual(['a']);
});
