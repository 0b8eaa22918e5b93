import { describe, expect, it } from 'vitest';
import { planMemorySchema } from '../plan/index.ts';
import { Scene } from './fakes/scene.ts';

const PAUSE = 'pause.web';

/** From now on a key of the bucket cannot be read; it is found out later than everything else. Returns the way back. */
function unreadable(scene: Scene, key: string): () => void {
  const { get } = scene.state;
  scene.state.get = async (asked) => {
    if (asked !== key) return await get.call(scene.state, asked);
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    throw new Error('the bucket does not answer');
  };
  return () => {
    scene.state.get = get;
  };
}

async function kept(scene: Scene) {
  const entry = await scene.state.get('memory.web');
  return planMemorySchema.parse(JSON.parse(new TextDecoder().decode(entry?.value)));
}

describe('actuator: the bucket is read in part', () => {
  it.each([PAUSE, 'memory.web'])(
    'a restart that cannot read %s leaves what the plans remember as it was',
    async (key) => {
      const scene = await Scene.create();
      scene.cloud.fault = (call, request) => (call === 'create' && request?.offering.zone === 'a' ? 'quota' : null);
      await scene.ticks(3);
      const before = await kept(scene);
      expect(Object.keys(before.marks)).toHaveLength(1);
      await scene.actuator.stop();
      const readAgain = unreadable(scene, key);
      await scene.start('      mode: enforce');
      await scene.tick();
      readAgain();
      expect(await kept(scene)).toEqual(before);
      await scene.tick();
      expect(await kept(scene)).toMatchObject({ marks: before.marks, lastScaleUpMs: before.lastScaleUpMs });
      expect((await scene.readiness.report()).reasons).not.toHaveProperty('memory of pool web');
    },
  );

  it('that another actuator has planned the pool is not forgotten over it: its machines are not ordered twice', async () => {
    const scene = await Scene.create();
    scene.load = 350;
    await scene.ticks(4);
    const first = scene.actuator;
    await scene.start('      mode: enforce');
    scene.load = 550;
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(6);
    scene.actuator = first;
    const readAgain = unreadable(scene, PAUSE);
    await scene.actuator.tick(scene.clock.nowMs());
    readAgain();
    await scene.actuator.tick(scene.clock.nowMs() + 10_000);
    expect(scene.cloud.running).toHaveLength(6);
  });
});
