import { afterEach, describe, expect, it } from 'vitest';
import { World } from './world.ts';

/** Of the world's PodDisruptionBudget. */
const MAX_UNAVAILABLE = 2;
const PODS_PER_NODE = 4;

const POLICIES = [
  'policies:',
  '  business_hours: { time_range: "09:00-17:00", min_nodes: 3, max_nodes: 8 }',
  '  off_hours: { time_range: "17:00-09:00", min_nodes: 2, max_nodes: 4 }',
];

const open: World[] = [];
afterEach(async () => {
  for (const world of open.splice(0)) await world.close();
});

/** Minutes after 16:30 on the wall. */
const at = (clock: string) => {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return (hours - 16) * 60 + minutes - 30;
};

interface Minute {
  readonly minute: number;
  readonly machines: number;
  readonly ready: number;
  readonly wanted: number;
  readonly running: number;
  readonly pending: number;
}

/** From 16:30 to 19:00 on the wall, minute by minute, on as many nodes as the load needs. */
async function afternoon(zone: string, startIso: string, podsAt: (minute: number) => number): Promise<Minute[]> {
  const spec = { startMs: Date.parse(startIso), root: [`timezone: ${zone}`, ...POLICIES], initialNodes: 8 };
  const world = await World.create(podsAt, {}, spec);
  open.push(world);
  const minutes: Minute[] = [];
  for (let minute = 1; minute <= 150; minute++) {
    await world.minute();
    const { nodes, pods } = world.cluster.summary();
    const { machines } = await world.names();
    const wanted = podsAt(minute);
    minutes.push({ minute, machines: machines.length, ready: nodes.ready, wanted, ...pods });
  }
  return minutes;
}

describe('17:00 under full load: the max falls from 8 to 4', () => {
  // 16:30 on the wall: an ordinary week, and the days after summer time has begun and has ended.
  const weeks: readonly (readonly [zone: string, startIso: string])[] = [
    ['Europe/Berlin', '2026-02-11T15:30Z'],
    ['Europe/Berlin', '2026-03-30T14:30Z'],
    ['America/New_York', '2026-11-02T21:30Z'],
    ['Australia/Lord_Howe', '2026-10-05T05:30Z'],
  ];

  it.each(weeks)(
    '%s %s: the surplus leaves as the load does, no PDB broken, no pod without a place',
    async (zone, start) => {
      // Eight nodes are full until 17:20, and half of that is left at 18:00: four nodes.
      const podsAt = (minute: number) => {
        const share = Math.min(1, Math.max(0, (minute - at('17:20')) / 40));
        return Math.round(32 - 16 * share);
      };
      const minutes = await afternoon(zone, start, podsAt);
      for (const now of minutes) expectRules(now, minutes[now.minute - 2]);
      const settled = minutes.find(({ machines }) => machines <= 4);
      expect(settled?.minute).toBeGreaterThan(at('17:00'));
      expect(settled?.minute).toBeLessThanOrEqual(at('18:10'));
      // While the pods fill all eight nodes none can leave: they would be left without a place.
      expect(minutes[at('17:10')]?.machines).toBe(8);
      const after = minutes.slice((settled?.minute ?? 0) - 1);
      expect(after.map(({ machines }) => machines).filter((machines) => machines > 4 || machines < 2)).toEqual([]);
      expect(after.at(-1)).toMatchObject({ running: 16, pending: 0 });
    },
    120_000,
  );

  it('a load that does not fall keeps its pods where they are, and gets nothing more', async () => {
    const minutes = await afternoon('Europe/Berlin', '2026-02-11T15:30Z', () => 32);
    expect(new Set(minutes.map(({ machines }) => machines))).toEqual(new Set([8]));
    expect(minutes.filter(({ running, pending }) => running !== 32 || pending > 0)).toEqual([]);
  }, 120_000);

  it('a load that rises after 17:00 gets no machine above the max', async () => {
    const podsAt = (minute: number) => (minute < at('17:30') ? 8 : 32);
    const minutes = await afternoon('Europe/Berlin', '2026-02-11T15:30Z', podsAt);
    expect(minutes.filter(({ minute, machines }) => minute > at('17:05') && machines > 4)).toEqual([]);
    expect(minutes.at(-1)).toMatchObject({ machines: 4, running: 4 * PODS_PER_NODE });
  }, 120_000);
});

/** What holds at every minute. */
function expectRules(now: Minute, before: Minute | undefined): void {
  const where = JSON.stringify(now);
  const [min, max] = now.minute < at('17:00') ? [3, 8] : [2, 4];
  expect(now.ready, where).toBeGreaterThanOrEqual(min);
  expect(now.machines, where).toBeLessThanOrEqual(Math.max(max, before?.machines ?? 8));
  // Evicted pods run again elsewhere within the minute, but for those whose grace ends just now.
  expect(now.pending, where).toBeLessThanOrEqual(MAX_UNAVAILABLE);
  expect(now.running, where).toBeGreaterThanOrEqual(Math.min(now.wanted, before?.running ?? 32) - MAX_UNAVAILABLE);
}
