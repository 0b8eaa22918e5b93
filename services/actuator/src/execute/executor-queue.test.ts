import { describe, expect, it } from 'vitest';
import type { CloudCall } from './fakes/fake-cloud.ts';
import { MINUTE_MS, ONE_TRY, testPool, World } from './fakes/world.ts';
import { namesInCloud, recordedNames, ticks } from './fakes/world-steps.ts';
import { isQueued } from './record.ts';

/** A provider that may be called so often; a tick is a minute. */
function limited(ratePerSecond: number): World {
  return World.create(testPool(), { ...ONE_TRY, ratePerSecond });
}

function watched(world: World): CloudCall[] {
  const calls: CloudCall[] = [];
  world.cloud.fault = (call) => {
    calls.push(call);
    return null;
  };
  return calls;
}

const queued = (world: World) => world.executor.records.filter(isQueued);

/** Several ticks later all that was wanted is there, once, and nothing else. */
function isComplete(world: World, count: number): void {
  expect(world.cloud.madeByToken.size).toBe(count);
  expect(recordedNames(world)).toEqual(namesInCloud(world));
  expect(namesInCloud(world)).toHaveLength(count);
}

describe('execute: more machines than the rate lets through in a tick', () => {
  it('a tick ends in its time; the rest is written down, and asked for in the next ones, oldest first', async () => {
    const world = limited(1);
    const calls = watched(world);
    const startMs = world.clock.nowMs();
    world.desired = 100;
    await world.tick();
    expect(world.clock.nowMs() - startMs).toBeLessThan(2 * MINUTE_MS);
    expect(world.executor.records).toHaveLength(100);
    expect(await world.state.keys('node.web.')).toHaveLength(100);
    const first = 100 - queued(world).length;
    expect(first).toBeGreaterThanOrEqual(45);
    expect(first).toBeLessThanOrEqual(50);
    const waiting = queued(world).map(({ nodeName }) => nodeName);
    world.desired = 110;
    await world.tick();
    const second = namesInCloud(world).filter((name) => waiting.includes(name));
    expect(second).toEqual(waiting.slice(0, second.length).sort());
    expect(second.length).toBeGreaterThanOrEqual(45);
    await ticks(world, 3);
    isComplete(world, 110);
    // Nobody has to be asked what became of a call that was never sent.
    expect(calls).not.toContain('find');
    expect(world.events.filter(({ event }) => event === 'requested')).toHaveLength(110);
  });

  it('its time to register begins when it is asked for', async () => {
    const world = World.create(testPool({ registrationTimeoutMs: 3 * MINUTE_MS }), { ...ONE_TRY, ratePerSecond: 0.1 });
    world.desired = 20;
    await ticks(world, 8);
    isComplete(world, 20);
    expect(world.failures).toEqual([]);
    const lateness = world.events.flatMap(({ event, seconds }) => (event === 'ready' && seconds ? [seconds] : []));
    expect(Math.max(...lateness)).toBeLessThan(200);
  });

  it('a rate below one in a tick lets one through', async () => {
    const world = limited(1 / 90);
    world.desired = 2;
    await world.tick();
    expect(queued(world)).toHaveLength(1);
    await ticks(world, 3);
    isComplete(world, 2);
  });

  it('what waits is taken back at once, and was never there', async () => {
    const world = limited(0.05);
    world.desired = 5;
    await world.tick();
    const made = world.cloud.madeByToken.size;
    const calls = watched(world);
    const waiting = queued(world);
    expect(waiting.length).toBeGreaterThan(1);
    await world.tick(() =>
      waiting.map(({ requestId }) => ({ kind: 'cancel-start', requestId, why: 'not needed any more' })),
    );
    expect(world.executor.records).toHaveLength(5 - waiting.length);
    expect(calls.filter((call) => call === 'create' || call === 'terminate' || call === 'find')).toEqual([]);
    world.desired = made;
    await ticks(world, 3);
    isComplete(world, made);
  });

  it.each(['finish', 'withdraw', 'nothing'] as const)('permission "%s": it waits on', async (permission) => {
    const world = limited(0.05);
    world.desired = 5;
    await world.tick();
    const made = world.cloud.madeByToken.size;
    world.permission = permission;
    await ticks(world, 20);
    expect(world.cloud.madeByToken.size).toBe(made);
    world.permission = 'all';
    await ticks(world, 6);
    isComplete(world, 5);
  });

  it('a pause that comes while calls wait for their turn stops them in the same tick; after it they are sent', async () => {
    const world = limited(1);
    world.desired = 30;
    world.mayBegin = () => world.cloud.createTimesMs.length < 10;
    await world.tick();
    expect(world.cloud.createTimesMs).toHaveLength(10);
    expect(queued(world)).toHaveLength(20);
    expect(world.failures).toEqual([]);
    world.mayBegin = () => true;
    await ticks(world, 3);
    isComplete(world, 30);
  });

  it('killed at any step while some wait: none is made twice, none is lost, none is orphaned', async () => {
    let steps = 0;
    for (let killAt = 1; killAt <= 400; killAt++) {
      const world = limited(1 / 30);
      world.start(killAt);
      const gate = world.state.gate;
      world.desired = 4;
      await ticks(world, 9);
      // A process that died in the last tick leaves one more to its successor.
      if (gate.dead) await ticks(world, 2);
      steps = gate.passed;
      const what = `killed at step ${killAt}`;
      expect(world.cloud.madeByToken.size, what).toBe(4);
      expect(recordedNames(world), what).toEqual(namesInCloud(world));
      if (!gate.dead) break;
    }
    expect(steps).toBeGreaterThan(30);
    expect(steps).toBeLessThan(400);
  });
});
