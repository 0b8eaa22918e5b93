import { describe, expect, it } from 'vitest';
import { MixedWorld } from './mixed/world.ts';
import { openSimulated } from './simulated/target.ts';
import type { Target } from './target.ts';

const FAULTS = 0.2;
const MAX_NODES = 10;
const HOUR = 60;
/** Of real time: many sockets, on a machine that is busy. */
const PATIENCE_MS = 600_000;

/** Nodes that the load needs, by the hour: up, above the bounds, down, up where one cloud is sold out, and down. */
const NEED_BY_HOUR = [3, 7, 14, 5, 9, 3];

const sells = ({ onDemand, spot }: Target) => [...(spot ? [spot] : []), onDemand];

async function openWorld(seed: number): Promise<MixedWorld> {
  const [aws, gcp] = [await openSimulated(), await openSimulated()];
  const dearer = sells(gcp).map((one) => ({ ...one, usdPerHour: one.usdPerHour * 1.5 }));
  const targets = new Map([
    ['aws', { target: aws, sells: sells(aws) }],
    ['gcp', { target: gcp, sells: dearer }],
  ]);
  return await MixedWorld.create({ targets, maxNodes: MAX_NODES, seed });
}

describe('a pool of two clouds', () => {
  it.each([1, 2])(
    'buys spot, else on demand, else from the other; nothing is left over, nothing is made twice (seed %i)',
    async (seed) => {
      const world = await openWorld(seed);
      const first = world.parts[0]?.target;
      if (!first) throw new Error('no cloud');
      for (const [i, { target }] of world.parts.entries()) target.endpoint.failAtRandom(FAULTS, seed * 10 + i);
      const crashes = [HOUR + 5, 2 * HOUR + 2, 4 * HOUR + 3].map((minute) => minute + world.random.below(5));
      let interrupted = 0;
      for (let minute = 0; minute < NEED_BY_HOUR.length * HOUR; minute++) {
        world.load = (NEED_BY_HOUR[Math.floor(minute / HOUR)] ?? 0) * 100 - 30;
        if (minute === HOUR + 10 && first.spot) first.endpoint.sellOut(first.spot);
        if (minute === 2 * HOUR + 5) first.endpoint.sellOut(first.onDemand);
        if (minute % 35 === 34 && world.interruptOne()) interrupted++;
        if (crashes.includes(minute)) world.killSoon(1 + world.random.below(30));
        await world.minute();
      }
      for (const { target } of world.parts) target.endpoint.failAtRandom(0, 0);
      await world.minutes(HOUR);

      const journal = await world.journal();
      expect(journal.map(({ state }) => state)).toEqual(['ready', 'ready', 'ready']);
      expect(world.running()).toEqual(journal.flatMap(({ machineIds }) => machineIds).sort());
      expect([...world.cluster.nodes.values()].filter(({ ready }) => ready)).toHaveLength(3);
      expect(world.strangersLeft()).toBe(2);
      expect([...world.doubled]).toEqual([]);
      expect(world.machinesMost).toBeLessThanOrEqual(MAX_NODES);
      expect([...world.usedBy].sort()).toEqual(['aws', 'gcp']);
      expect(interrupted).toBeGreaterThan(0);
      expect(world.crashes).toBeGreaterThan(0);
      await world.close();
    },
    PATIENCE_MS,
  );
});
