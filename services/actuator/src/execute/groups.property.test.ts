import { seededRandom } from '@forescale/shared/time';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Fault } from './fakes/fake-cloud.ts';
import { FakeGroups } from './fakes/fake-groups.ts';
import { ONE_TRY, testPool, World } from './fakes/world.ts';

const CLASSES: Fault[] = ['capacity', 'throttled', 'transient', 'lost', 'quota'];

it('under any mix of faults, shortages and crashes a group ends with just the members that are wanted, each a node', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 1e6 }),
      fc.integer({ min: 1, max: 8 }),
      fc.double({ min: 0, max: 0.6, noNaN: true }),
      async (seed, desired, rate) => {
        const clock = World.clock();
        const world = new World(clock, new FakeGroups(clock), testPool(), { ...ONE_TRY, retriesMax: 1 }, seed);
        const chance = seededRandom(seed);
        const group = () => world.cloud.group('group-a');
        world.cloud.fault = () => (chance.next() < rate ? (CLASSES[chance.below(CLASSES.length)] ?? null) : null);
        for (let round = 0; round < 4; round++) {
          world.desired = round % 2 === 0 ? desired : Math.floor(desired / 2);
          group().available = chance.below(2) === 0 ? null : chance.below(desired + 1);
          if (chance.below(2) === 0) world.start(1 + chance.below(60));
          for (let i = 0; i < 2 + chance.below(8); i++) {
            await world.tick();
            expect(group().target).toBeLessThanOrEqual(2 * desired);
          }
        }
        world.cloud.fault = () => null;
        group().available = null;
        for (let i = 0; i < 45; i++) await world.tick();
        expect({ target: group().target, members: group().members.size }).toEqual({
          target: world.desired,
          members: world.desired,
        });
        expect(world.executor.records.map(({ state }) => state)).toEqual(Array(world.desired).fill('ready'));
        expect(world.cluster.nodes.size).toBe(world.desired);
      },
    ),
    { numRuns: 60 },
  );
}, 120_000);
