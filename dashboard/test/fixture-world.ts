/*
 * A made-up pool whose every number is a function of the minute: days and weeks in the load, a forecast that
 * is nearly right, nodes that take four minutes to boot, and what reacting alone would have cost.
 */
const CAPACITY_PER_NODE = 180;
const USD_PER_NODE_HOUR = 0.192;
const BOOT_MINUTES = 4;
const KEEP_MINUTES = 12;

export const SIGNAL = { name: 'requests', unit: 'req/s', capacityPerNode: CAPACITY_PER_NODE };
export const LEVEL_FACTORS: Readonly<Record<string, number>> = {
  '0.1': 0.93,
  '0.5': 1,
  '0.9': 1.08,
  '0.95': 1.11,
  '0.99': 1.19,
  '0.999': 1.3,
};

/** The expected load, in requests a second. */
export function expectedAt(minute: number): number {
  const hour = (minute / 60) % 24;
  const day = Math.floor(minute / 1440) % 7;
  const weekend = day === 2 || day === 3 ? 0.66 : 1;
  const work = Math.exp(-(((hour - 11) / 3.2) ** 2)) + 0.85 * Math.exp(-(((hour - 17.5) / 3) ** 2));
  return 320 + 880 * weekend * work;
}

export function loadAt(minute: number): number {
  const swing = 0.035 * Math.sin(minute / 17) + 0.02 * Math.sin(minute / 5.3 + 1);
  return expectedAt(minute) * (1 + swing + 0.05 * (noise(minute) - 0.5));
}

export function boundsAt(minute: number): { floor: number; ceiling: number; from: string } {
  const hour = (minute / 60) % 24;
  return hour >= 9 && hour < 17
    ? { floor: 3, ceiling: 10, from: 'business_hours' }
    : { floor: 2, ceiling: 8, from: 'off_hours' };
}

export function nodesAt(minute: number) {
  const desired = desiredAt(minute);
  let ready = desired;
  for (let back = 1; back <= BOOT_MINUTES; back++) ready = Math.min(ready, desiredAt(minute - back));
  const reactive = Math.max(...Array.from({ length: 16 }, (_, back) => reactiveAt(minute - back)));
  return {
    need: needAt(minute),
    desired,
    ready,
    starting: desired - ready,
    usd: desired * USD_PER_NODE_HOUR,
    reactiveUsd: reactive * USD_PER_NODE_HOUR,
  };
}

/** What changed in the last two days before a minute, newest first. */
export function decisionsAt(minute: number, mode: 'observe' | 'enforce', limit: number) {
  const decisions = [];
  for (let at = minute; at > minute - 2880 && decisions.length < limit; at--) {
    const change = desiredAt(at) - desiredAt(at - 1);
    if (change === 0) continue;
    const arrival = Math.round(expectedAt(at + 10) * 1.19);
    decisions.push({
      time: new Date(at * 60_000).toISOString(),
      mode,
      kind: change > 0 ? 'create' : 'drain',
      target: change > 0 ? 'm7i.large on_demand' : `pool-web-${at % 97}`,
      count: Math.abs(change),
      why:
        change > 0
          ? `requests: 99 % stays below ${arrival} req/s in 10 min, which ${desiredAt(at)} nodes carry; a node takes 4 min to boot`
          : `the load has needed at most ${desiredAt(at)} nodes for ${KEEP_MINUTES} min, and the forecast needs no more within 16 min`,
    });
  }
  return decisions;
}

function desiredAt(minute: number): number {
  const { floor, ceiling } = boundsAt(minute);
  let wanted = 0;
  for (let back = 0; back <= KEEP_MINUTES; back += 2) wanted = Math.max(wanted, needAt(minute - back));
  return Math.min(ceiling, Math.max(floor, wanted));
}

function needAt(minute: number): number {
  const peak = Math.max(expectedAt(minute), expectedAt(minute + 5), expectedAt(minute + 10));
  return Math.ceil((peak * 1.19) / CAPACITY_PER_NODE);
}

function reactiveAt(minute: number): number {
  return Math.max(2, Math.ceil((loadAt(minute) * 1.35) / CAPACITY_PER_NODE));
}

function noise(minute: number): number {
  const x = Math.sin(minute * 12.9898) * 43_758.5453;
  return x - Math.floor(x);
}
