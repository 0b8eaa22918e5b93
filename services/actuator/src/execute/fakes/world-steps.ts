import { World } from './world.ts';

export function namesInCloud(world: World): string[] {
  return world.cloud.running.map((machine) => machine.nodeName).sort();
}

export function recordedNames(world: World): string[] {
  return world.executor.records.map((record) => record.nodeName).sort();
}

export async function ticks(world: Pick<World, 'tick'>, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await world.tick();
}

export async function withNodes(count: number): Promise<World> {
  const world = World.create();
  world.desired = count;
  await ticks(world, 4);
  return world;
}

export const firstName = (world: World) => world.executor.records[0]?.nodeName as string;
