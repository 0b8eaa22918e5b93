import { describe, expect, it } from 'vitest';
import type { Fault } from './fakes/fake-cloud.ts';
import { MINUTE_MS, ONE_TRY, testPool, World } from './fakes/world.ts';
import { firstName, namesInCloud, recordedNames, ticks } from './fakes/world-steps.ts';

describe('execute: nodes come', () => {
  it('asks for every node of a plan at once, follows each to Ready, and asks for nothing more', async () => {
    const world = World.create();
    world.cloud.latencyMs = 2_000;
    world.desired = 20;
    await world.tick();
    expect(world.cloud.inFlightMax).toBe(20);
    await ticks(world, 4);
    expect(world.cloud.madeByToken.size).toBe(20);
    expect(world.executor.records.every((record) => record.state === 'ready')).toBe(true);
    const ready = world.events.filter((event) => event.event === 'ready');
    expect(ready).toHaveLength(20);
    expect(ready.every((event) => Math.abs((event.seconds ?? 0) - 95) < 5)).toBe(true);
  });

  it('times every step of a start: launched, registered, Ready, and useful with the first pod of a workload', async () => {
    const world = World.create();
    world.cloud.latencyMs = 2_000;
    world.desired = 1;
    await ticks(world, 3);
    const [nodeName] = recordedNames(world);
    world.cluster.addPod({ name: 'agent', nodeName: nodeName ?? null, ownerKind: 'DaemonSet' });
    world.cluster.addPod({ name: 'pulling', nodeName: nodeName ?? null, phase: 'Pending' });
    await world.tick();
    world.cluster.addPod({ name: 'web', nodeName: nodeName ?? null });
    await ticks(world, 2);
    const seconds = world.events.map((event) => [event.event, event.seconds && Math.round(event.seconds)]);
    // A tick looks for 2 s before it asks, which takes 2 s; machines boot for 90 s; the next tick is a minute later.
    expect(seconds).toEqual([
      ['requested', null],
      ['launched', 4],
      ['registered', 94],
      ['ready', 94],
      ['useful', 250],
    ]);
    const [record] = world.executor.records;
    const since = (timeMs: number | null | undefined) => Math.round(((timeMs ?? 0) - (record?.createdMs ?? 0)) / 1_000);
    expect([record?.launchedMs, record?.registeredMs, record?.readyMs, record?.usefulMs].map(since)).toEqual([
      4, 94, 94, 250,
    ]);
  });

  it('a machine whose answer was lost was launched when its provider says so', async () => {
    const world = World.create();
    world.cloud.latencyMs = 2_000;
    world.cloud.visibilityMs = 10_000;
    world.desired = 1;
    world.cloud.fault = (call) => (call === 'create' ? 'lost' : null);
    await ticks(world, 2);
    const launched = world.events.filter((event) => event.event === 'launched');
    expect(launched.map((event) => Math.round(event.seconds ?? 0))).toEqual([4]);
  });

  it('without permission nothing is done', async () => {
    const world = World.create();
    world.permission = 'nothing';
    world.desired = 3;
    await ticks(world, 3);
    expect(world.cloud.createTimesMs).toEqual([]);
    expect(world.executor.records).toEqual([]);
  });

  it.each(['capacity', 'quota', 'config', 'auth', 'throttled'] as const)(
    'a %s error is told at once and leaves neither record nor machine',
    async (errorClass) => {
      const world = World.create();
      world.cloud.fault = (call) => (call === 'create' ? errorClass : null);
      world.desired = 2;
      await world.tick();
      expect(world.failures.map((failure) => [failure.stage, failure.errorClass])).toEqual([
        ['create', errorClass],
        ['create', errorClass],
      ]);
      expect(world.executor.records).toEqual([]);
      expect(await world.state.keys('')).toEqual([]);
    },
  );

  it('a call that was carried out although its answer was lost is found, not repeated', async () => {
    const world = World.create();
    world.cloud.fault = (call) => (call === 'create' ? 'lost' : null);
    world.desired = 5;
    await ticks(world, 4);
    expect(world.cloud.createTimesMs).toHaveLength(5);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
  });

  it('a call of which nobody knows is sent again at the next tick, with the same token', async () => {
    const world = World.create();
    world.desired = 1;
    world.cloud.fault = (call) => (call === 'create' ? 'transient' : null);
    await world.tick();
    expect(world.executor.records.map((record) => record.state)).toEqual(['intended']);
    world.cloud.fault = () => null;
    await ticks(world, 3);
    expect(world.cloud.madeByToken.size).toBe(1);
    expect(world.executor.records.map((record) => record.state)).toEqual(['ready']);
  });

  it('a machine that is not shown yet after a lost answer is not made twice: its token says so', async () => {
    const world = World.create();
    world.cloud.visibilityMs = 90_000;
    world.desired = 2;
    world.cloud.fault = (call) => (call === 'create' ? 'lost' : null);
    await world.tick();
    expect(world.executor.records.map((record) => record.state)).toEqual(['intended', 'intended']);
    world.cloud.fault = () => null;
    await ticks(world, 4);
    expect(world.cloud.createTimesMs).toHaveLength(4);
    expect(world.cloud.machines.size).toBe(2);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
  });

  it.each(['throttled', 'auth', 'transient', 'fenced', 'capacity', 'quota', 'config'] as const)(
    'a machine that is shown later than a tick: its repeated call ends in %s, and in the end there is one node',
    async (errorClass) => {
      const world = World.create();
      world.cloud.visibilityMs = 2.5 * MINUTE_MS;
      world.desired = 1;
      const faults: Fault[] = ['lost', errorClass];
      world.cloud.fault = (call) => (call === 'create' ? (faults.shift() ?? null) : null);
      await ticks(world, 2);
      await ticks(world, 6);
      expect(namesInCloud(world)).toHaveLength(1);
      expect(recordedNames(world)).toEqual(namesInCloud(world));
      const isRefused = ['capacity', 'quota', 'config'].includes(errorClass);
      expect(world.cloud.madeByToken.size).toBe(isRefused ? 2 : 1);
      expect(world.failures.map((failure) => failure.errorClass)).toEqual(isRefused ? [errorClass] : []);
    },
  );

  it('a repeated call that is not sent, since too many have failed, ends nothing', async () => {
    const world = World.create(testPool(), { ...ONE_TRY, breaker: { failuresMax: 1, openMs: 2 * MINUTE_MS } });
    world.cloud.visibilityMs = 2.5 * MINUTE_MS;
    world.desired = 1;
    world.cloud.fault = (call) => (call === 'create' && world.cloud.createTimesMs.length === 1 ? 'lost' : null);
    await ticks(world, 6);
    expect(world.cloud.madeByToken.size).toBe(1);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
  });

  it('a start that is taken back before its machine is shown: the machine is waited for and terminated', async () => {
    const world = World.create();
    world.cloud.visibilityMs = 2.5 * MINUTE_MS;
    world.desired = 1;
    world.cloud.fault = (call) => (call === 'create' ? 'lost' : null);
    await world.tick();
    world.desired = 0;
    const cancel = { kind: 'cancel-start', requestId: firstName(world), why: 'not wanted' } as const;
    await world.tick(() => [cancel]);
    expect(world.executor.records.map((record) => record.state)).toEqual(['removing']);
    await ticks(world, 4);
    expect(world.cloud.running).toEqual([]);
    expect(world.executor.records).toEqual([]);
    expect(world.events.at(-1)?.event).toBe('removed');
  });

  it.each(['capacity', 'lost'] as const)(
    'a Node that is there before its machine is shown keeps its pods, though its repeated call ended in %s',
    async (fault) => {
      const world = World.create();
      world.cloud.visibilityMs = 3.5 * MINUTE_MS;
      world.desired = 1;
      const faults: Fault[] = ['lost', fault];
      world.cloud.fault = (call) => (call === 'create' ? (faults.shift() ?? null) : null);
      await ticks(world, 2);
      const name = world.cloud.running[0]?.nodeName ?? '';
      expect(world.cluster.nodes.has(name)).toBe(true);
      world.cluster.addPod({ name: 'held', nodeName: name });
      world.cluster.budgeted.add('held');
      await ticks(world, 8);
      expect(world.cluster.deletedPods).toEqual([]);
      expect(world.cluster.nodes.has(name)).toBe(true);
      expect(recordedNames(world)).toEqual(namesInCloud(world));
    },
  );

  it('an intent that cannot be written is not sent', async () => {
    const world = World.create();
    world.desired = 3;
    await world.tick(() => []);
    world.state.away = true;
    await world.tick();
    expect(world.cloud.createTimesMs).toEqual([]);
    world.state.away = false;
    await ticks(world, 3);
    expect(namesInCloud(world)).toHaveLength(3);
  });

  it('a machine that never registers is terminated after the time-out, verified, and its offering blamed', async () => {
    const world = World.create(testPool({ registrationTimeoutMs: 5 * MINUTE_MS }));
    world.cloud.terminationMs = 2 * MINUTE_MS;
    world.neverRegisters = () => true;
    world.desired = 1;
    await world.tick();
    world.desired = 0;
    await ticks(world, 7);
    expect(world.failures.map((failure) => failure.stage)).toEqual(['boot']);
    expect(world.executor.records.map((record) => record.state)).toEqual(['removing']);
    await ticks(world, 2);
    expect(world.executor.records).toEqual([]);
    expect(world.cloud.machines.size).toBe(0);
    expect(world.events.at(-1)?.event).toBe('failed');
  });
});
