import { connectKubernetes, createClusterWriter, createWatchingReader } from '@forescale/shared/kubernetes';
import { silentLog } from '@forescale/shared/telemetry';
import { ManualClock, seededRandom } from '@forescale/shared/time';
import type { FaultRule } from '@forescale/simulator/cluster';
import { afterEach, describe, expect, it } from 'vitest';
import { type Wire, World } from '../actuation/world.ts';
import { seeThrough } from '../harness/waiting.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A tick of a minute may take its time; what hangs must not take for ever. */
const TICK_WITHIN_MS = 60_000;
/** How far the adapters' clock moves while nothing else happens. */
const LEAP_MS = 1_000;

/** Real adapters that watch everything, on a clock that runs while a tick does. */
function watchingWire(): Wire {
  const ioClock = new ManualClock(0);
  return {
    ioClock,
    reader: (url) => {
      const kube = connectKubernetes({ kubeconfig: null, context: null, url });
      const parts = { clock: ioClock, random: seededRandom(1), log: silentLog(), pageSize: 2 };
      const reader = createWatchingReader(kube, parts);
      open.push(async () => reader.close());
      return reader;
    },
    writer: (url) => createClusterWriter(connectKubernetes({ kubeconfig: null, context: null, url }), ioClock),
    drive: (tick) => seeThrough(tick, TICK_WITHIN_MS, () => ioClock.advanceTo(ioClock.nowMs() + LEAP_MS)),
    listen: { bookmarkIntervalMs: 5 },
  };
}

/** One node's load, then ten nodes' load for 30 minutes, then one's again. */
const hill = (minute: number) => (minute >= 5 && minute < 35 ? 40 : 4);

async function created(...faults: readonly FaultRule[]): Promise<World> {
  const world = await World.create(hill, {}, { wire: watchingWire() });
  open.push(() => world.close());
  for (const rule of faults) world.cluster.faults.add(rule);
  return world;
}

/** Requests for which more than one machine was ever made. */
function duplicates(world: World): string[] {
  const requests = world.cluster.cloud.list().map((machine) => machine.requestId);
  return requests.filter((request, index) => requests.indexOf(request) !== index);
}

const API = /^\/api/;
const CLOUD = /^\/cloud/;

const wires: readonly (readonly [string, readonly FaultRule[]])[] = [
  ['nothing', []],
  [
    'every second connection is reset, before or after the call',
    [
      { share: 0.25, action: { kind: 'reset', when: 'before' } },
      { share: 0.33, action: { kind: 'reset', when: 'after' } },
    ],
  ],
  [
    'every watch is reset after five events, and every third call',
    [
      { path: API, action: { kind: 'watch', end: 'reset', afterEvents: 5 } },
      { path: API, share: 0.33, action: { kind: 'reset', when: 'before' } },
    ],
  ],
  [
    'every watch is half open, and every third answer is torn',
    [
      { path: API, action: { kind: 'watch', end: 'silence', afterEvents: 2 } },
      { share: 0.33, action: { kind: 'cut', share: 0.5, end: 'close' } },
    ],
  ],
  [
    'every watch spoils a line, and every fourth call is answered by 429 or 503',
    [
      { path: API, action: { kind: 'garble', afterEvents: 3 } },
      { share: 0.12, action: { kind: 'respond', status: 429, retryAfterSeconds: 2 } },
      { share: 0.12, action: { kind: 'respond', status: 503 } },
    ],
  ],
  [
    'every watch ends with 410, and the cloud loses every second answer',
    [
      { path: API, action: { kind: 'watch', end: 'expire', afterEvents: 3 } },
      { path: CLOUD, share: 0.5, action: { kind: 'reset', when: 'after' } },
    ],
  ],
  ['every fiftieth call is carried out and never answered', [{ share: 0.02, action: { kind: 'hang', when: 'after' } }]],
];

describe('actuation over real sockets, watching', () => {
  it.each(wires)(
    '%s: 1 node, then 10, then 1 again; no machine twice, none left behind',
    async (_what, faults) => {
      const world = await created(...faults);
      await world.minutes(4);
      expect(world.cluster.cloud.list().length).toBeLessThanOrEqual(1);
      await world.minutes(26);
      const top = await world.names();
      expect(top.nodes).toHaveLength(10);
      expect(top.machines).toEqual(top.nodes);
      expect(world.cluster.summary().pods).toMatchObject({ running: 40, pending: 0 });
      await world.minutes(35);
      world.cluster.faults.clear();
      await world.minutes(10);
      const end = await world.names();
      expect(end.nodes).toHaveLength(1);
      expect(end.machines).toEqual(end.nodes);
      expect(duplicates(world)).toEqual([]);
      expect(world.cluster.summary().pods).toMatchObject({ running: 4, pending: 0, terminating: 0 });
      expect(await world.readiness.report()).toEqual({ ready: true, reasons: {} });
    },
    300_000,
  );
});
