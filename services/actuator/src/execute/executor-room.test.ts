import { expect, it } from 'vitest';
import { ProviderError } from '../providers/errors.ts';
import type { Held, HoldRequest, Placeholders } from '../providers/port.ts';
import { FakeCloud } from './fakes/fake-cloud.ts';
import { World } from './fakes/world.ts';

const SIZE = { cpuMillicores: 900, memoryBytes: 2 ** 30, gpus: 0 };

/** Placeholders of one pool; of a plan before that of the last one it takes nothing. */
class FakeRoom extends FakeCloud {
  held: Held = { replicas: 0, size: null, generation: 0, problem: null };

  readonly placeholders: Placeholders = {
    read: async () => this.held,
    hold: async ({ replicas, size, generation }: HoldRequest) => {
      if (generation < this.held.generation) throw new ProviderError('fenced', 'written by a later plan');
      this.held = { replicas, size, generation, problem: null };
    },
    release: async () => undefined,
  };
}

it('holds room also where the bucket was lost, and plans are numbered anew', async () => {
  const clock = World.clock();
  const room = new FakeRoom(clock);
  const world = new World(clock, room);
  room.held = { replicas: 5, size: SIZE, generation: 40_000, problem: null };
  await world.tick(() => [{ kind: 'headroom', replicas: 7, size: SIZE, why: 'wanted' }]);
  expect(world.failures).toEqual([]);
  expect(room.held).toMatchObject({ replicas: 7, generation: 40_000 });
});

it('replaces nothing that another one has written since it looked', async () => {
  const clock = World.clock();
  const room = new FakeRoom(clock);
  const world = new World(clock, room);
  await world.tick(() => {
    room.held = { replicas: 5, size: SIZE, generation: 2, problem: null };
    return [{ kind: 'headroom', replicas: 7, size: SIZE, why: 'wanted' }];
  });
  expect(world.failures.map(({ errorClass }) => errorClass)).toEqual(['fenced']);
  expect(room.held.replicas).toBe(5);
});
