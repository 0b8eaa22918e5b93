import { seededRandom } from '@forescale/shared/time';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fault } from './fakes/fake-cloud.ts';
import { MINUTE_MS, ONE_TRY, testPool, World } from './fakes/world.ts';
import { firstName, namesInCloud, recordedNames, ticks, withNodes } from './fakes/world-steps.ts';

describe('execute: crashes and faults', () => {
  it('killed at any step while nodes come and go: none is made twice, none is orphaned', async () => {
    let steps = 0;
    for (let killAt = 1; killAt <= 400; killAt++) {
      const world = World.create();
      world.start(killAt);
      const gate = world.state.gate;
      world.desired = 3;
      await ticks(world, 5);
      world.desired = 1;
      await ticks(world, 7);
      // A process that died in the last tick leaves one more to its successor.
      if (gate.dead) await ticks(world, 2);
      steps = gate.passed;
      const what = `killed at step ${killAt}`;
      expect(world.cloud.madeByToken.size, what).toBe(3);
      expect(namesInCloud(world), what).toHaveLength(1);
      expect(recordedNames(world), what).toEqual(namesInCloud(world));
      expect([...world.cluster.nodes.keys()].sort(), what).toEqual(namesInCloud(world));
      if (!gate.dead) break;
    }
    expect(steps).toBeGreaterThan(50);
    expect(steps).toBeLessThan(400);
  });

  it('under any mix of faults: one machine per request, and in the end just those that are wanted', async () => {
    const classes: Fault[] = ['capacity', 'throttled', 'transient', 'lost', 'conflict'];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 1, max: 12 }),
        fc.double({ min: 0, max: 0.6, noNaN: true }),
        async (seed, desired, rate) => {
          const world = World.create(testPool(), { ...ONE_TRY, retriesMax: 2 }, seed);
          const chance = seededRandom(seed);
          world.cloud.latencyMs = 500;
          world.cloud.terminationMs = MINUTE_MS;
          world.cloud.visibilityMs = chance.below(2) * 90_000;
          world.cloud.fault = () => (chance.next() < rate ? (classes[chance.below(classes.length)] ?? null) : null);
          world.desired = desired;
          await ticks(world, 8);
          world.start(1 + chance.below(60));
          world.desired = Math.floor(desired / 2);
          await ticks(world, 8);
          world.cloud.fault = () => null;
          await ticks(world, 40);
          const requests = [...world.cloud.madeByToken.values()].map((machine) => machine.requestId);
          expect(new Set(requests).size).toBe(requests.length);
          expect(namesInCloud(world)).toHaveLength(world.desired);
          expect(recordedNames(world)).toEqual(namesInCloud(world));
          expect([...world.cluster.nodes.keys()].sort()).toEqual(namesInCloud(world));
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('machines that nobody knows go after their grace, few at a time, and never on an empty journal', async () => {
    const world = World.create();
    const signal = new AbortController().signal;
    const create = (name: string) =>
      world.driven(
        world.cloud.create(
          {
            requestId: name,
            token: name,
            nodeName: name,
            clusterTag: 'cluster-1',
            pool: 'web',
            offering: world.offering(),
            labels: {},
            taints: [],
            createdMs: 0,
            groupSize: 1,
          },
          signal,
        ),
      );
    world.neverRegisters = (name) => name.startsWith('stray');
    for (let i = 0; i < 7; i++) await create(`stray-${i}`);
    await ticks(world, 40);
    expect(world.cloud.running).toHaveLength(7);
    world.desired = 1;
    await ticks(world, 6);
    expect(world.cloud.running).toHaveLength(3);
    await ticks(world, 6);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
  });

  it('a machine that came and went while its provider could not be asked leaves no Node behind', async () => {
    const world = await withNodes(1);
    const kept = firstName(world);
    let isBlind = true;
    world.cloud.fault = (call) => (call === 'create' ? 'lost' : isBlind ? 'transient' : null);
    world.desired = 2;
    await ticks(world, 3);
    const [gone] = [...world.cluster.nodes.keys()].filter((name) => name !== kept);
    const machine = world.cloud.running.find(({ nodeName }) => nodeName === gone);
    world.cloud.reclaim(machine?.id ?? '');
    for (let i = 0; i < 14; i++) await world.tick(() => []);
    expect(world.cluster.nodes.get(gone ?? '')?.ready).toBe(false);
    isBlind = false;
    for (let i = 0; i < 6; i++) await world.tick(() => []);
    expect([...world.cluster.nodes.keys()]).toEqual([kept]);
    expect(recordedNames(world)).toEqual([kept]);
  });

  it('machines are listed again after the clock was set back by an hour', async () => {
    const world = await withNodes(2);
    let listed = 0;
    world.cloud.fault = (call) => {
      if (call === 'list') listed++;
      return null;
    };
    const backMs = world.clock.nowMs() - 60 * MINUTE_MS;
    await world.driven(world.executor.look('cluster-1', backMs));
    expect(listed).toBe(1);
  });

  it('a journal that was lost is rebuilt from the nodes that serve', async () => {
    const world = World.create();
    world.desired = 3;
    await ticks(world, 4);
    world.state.lose();
    world.start();
    await world.tick(() => []);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
    expect(world.executor.records.every((record) => record.state === 'ready')).toBe(true);
  });

  it('an entry that could not be read is never written, and its machine never asked for', async () => {
    const world = World.create();
    const offering = { ...world.offering(), usdPerHour: Number.NaN };
    await world.tick(() => [{ kind: 'create', offering, count: 1, why: 'wanted' }]);
    expect(await world.state.keys('')).toEqual([]);
    expect(world.cloud.createTimesMs).toEqual([]);
    expect(world.troubles.join()).toContain('offering.usdPerHour');
  });

  it('an entry that cannot be read stops everything', async () => {
    const world = World.create();
    await world.state.put('node.web.x', new TextEncoder().encode('{"requestId":"x"}'));
    world.desired = 1;
    await expect(world.tick()).rejects.toThrow('journal entry node.web.x cannot be read');
    expect(world.cloud.createTimesMs).toEqual([]);
  });
});
