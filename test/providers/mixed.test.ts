import { describe, expect, it } from 'vitest';
import { whyNoModels } from './aws/service-model.ts';
import { openMachines as openAws } from './aws/target.ts';
import { openMachines as openGcp } from './gcp/target.ts';
import { MixedWorld } from './mixed/world.ts';

const FAULTS = 0.2;
const MAX_NODES = 10;
const HOUR = 60;
/** Of real time: many sockets, on a machine that is busy. */
const PATIENCE_MS = 600_000;

/** Nodes that the load needs, by the hour: up, above the bounds, down, up where AWS is sold out, and down. */
const NEED_BY_HOUR = [3, 7, 14, 5, 9, 3];
const AT_REST = 3;
const SPOT_SOLD_OUT = HOUR + 10;
const AWS_SOLD_OUT = 2 * HOUR + 5;
/** About when a process is killed, at one of the steps of its calls. */
const CRASHES = [HOUR, 2 * HOUR, 4 * HOUR];
const INTERRUPTED_EVERY = 35;

async function openWorld(seed: number) {
  const [aws, gcp] = [await openAws(), await openGcp()];
  const world = await MixedWorld.create({
    targets: new Map([
      ['aws', { target: aws, sells: [aws.spot ?? aws.onDemand, aws.onDemand] }],
      ['gcp', { target: gcp, sells: [gcp.onDemand] }],
    ]),
    maxNodes: MAX_NODES,
    seed,
  });
  return { world, aws, gcp };
}

/**
 * Six hours of a pool that buys spot machines of AWS, else others of AWS, else of GCP, while a fifth of all calls goes wrong at
 * the end points. Which call it is depends on the order in which they arrive there, so that a seed gives a day like another, not
 * the same; what has to hold, holds of all of them.
 */
describe.skipIf(whyNoModels())('a pool of two clouds', () => {
  it.each([1, 2])(
    'leaves nothing over and makes nothing twice (seed %i)',
    async (seed) => {
      const { world, aws, gcp } = await openWorld(seed);
      aws.endpoint.failAtRandom(FAULTS, seed);
      gcp.endpoint.failAtRandom(FAULTS, seed + 1_000);
      const crashes = CRASHES.map((minute) => minute + world.random.below(10));
      let interrupted = 0;
      for (let minute = 0; minute < NEED_BY_HOUR.length * HOUR; minute++) {
        world.load = (NEED_BY_HOUR[Math.floor(minute / HOUR)] ?? 0) * 100 - 30;
        if (minute === SPOT_SOLD_OUT && aws.spot) aws.endpoint.sellOut(aws.spot);
        if (minute === AWS_SOLD_OUT) aws.endpoint.sellOut(aws.onDemand);
        if (minute % INTERRUPTED_EVERY === INTERRUPTED_EVERY - 1 && world.interruptOne()) interrupted++;
        if (crashes.includes(minute)) world.killSoon(1 + world.random.below(15));
        await world.minute();
      }
      aws.endpoint.failAtRandom(0, seed);
      gcp.endpoint.failAtRandom(0, seed);
      await world.minutes(HOUR);

      const journal = await world.journal();
      expect(world.running(), 'what runs is what the journal knows').toEqual(
        journal.flatMap(({ machineIds }) => machineIds).sort(),
      );
      expect(journal.map(({ state }) => state)).toEqual(Array.from({ length: AT_REST }, () => 'ready'));
      expect(world.readyNodes()).toHaveLength(AT_REST);
      expect([...world.doubled], 'requests with two machines').toEqual([]);
      expect(world.machinesMost).toBeLessThanOrEqual(MAX_NODES);
      expect(world.strangersLeft()).toBe(2);
      // That all of it was there to be survived.
      expect([...world.usedBy].sort()).toEqual(['aws', 'gcp']);
      expect(interrupted).toBeGreaterThan(0);
      expect(world.crashes).toBe(CRASHES.length);
      expect(world.failedCalls()).toBeGreaterThan(50);
      await world.close();
    },
    PATIENCE_MS,
  );
});
