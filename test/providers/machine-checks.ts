import type { Machine, ProviderError } from '@forescale/actuator/providers';
import { expect } from 'vitest';
import { commonChecks } from './common-checks.ts';
import type { Check } from './conformance.ts';
import {
  CLUSTER,
  driven,
  failureOf,
  guarded,
  namesOf,
  OTHER_CLUSTER,
  POOL,
  pass,
  requestOf,
  signal,
} from './driver.ts';
import { garbageChecks, orphanCheck } from './garbage-checks.ts';
import type { Target } from './target.ts';

const MINUTE_MS = 60_000;

const create = async (target: Target, name: string, offering = target.onDemand): Promise<Machine> => {
  const { machines, failures } = await driven(
    target,
    target.provider.create(requestOf(target, name, offering), signal()),
  );
  if (failures[0]) throw failures[0];
  expect(machines).toHaveLength(1);
  return machines[0] as Machine;
};
const find = (target: Target, name: string) => driven(target, target.provider.find(name, target.onDemand, signal()));
const list = (target: Target) => driven(target, target.provider.list(CLUSTER, signal()));
const terminate = (target: Target, id: string) =>
  driven(target, target.provider.terminate(id, target.onDemand, signal()));

/** Of a provider that makes machines one by one. */
export const machineChecks: readonly Check[] = [
  {
    capability: 'concurrent',
    it: 'twenty machines are made at once, each under its own name',
    async run(target) {
      const names = namesOf(20);
      const made = await Promise.all(names.map((name) => create(target, name)));
      expect(new Set(made.map(({ id }) => id)).size).toBe(20);
      expect([...target.endpoint.running()].sort()).toEqual(made.map(({ id }) => id).sort());
      expect(made.map(({ requestId }) => requestId)).toEqual(names);
      const nowMs = target.clock.nowMs();
      for (const { nodeName, pool, place, group, createdMs } of made) {
        expect({ pool, place, group }).toEqual({
          ...{ pool: POOL, group: null },
          place: { provider: '', region: target.onDemand.region },
        });
        expect(names).toContain(nodeName);
        expect(Math.abs(createdMs - nowMs)).toBeLessThan(10 * MINUTE_MS);
      }
      // As the answer to the creation says, so do the listing and the search.
      const key = ({ id, requestId, nodeName }: Machine) => `${id} ${requestId} ${nodeName}`;
      expect((await list(target)).map(key).sort()).toEqual(made.map(key).sort());
      expect((await find(target, names[7] as string)).map(({ id }) => id)).toEqual([made[7]?.id]);
    },
  },
  {
    capability: 'replayed',
    it: 'the same request again, and twice at once, makes nothing more',
    async run(target) {
      const machines = guarded(target);
      const [name = '', twin = ''] = namesOf(2);
      const first = await create(target, name);
      const again = await driven(
        target,
        machines.create(requestOf(target, name)).catch((error: unknown) => {
          // Where there is no token, the name is taken: it is looked for.
          expect((error as ProviderError).errorClass).toBe('conflict');
          return { machines: [] };
        }),
      );
      expect(again.machines.every(({ id }) => id === first.id)).toBe(true);
      await driven(target, Promise.allSettled([twin, twin].map((one) => machines.create(requestOf(target, one)))));
      expect(target.endpoint.running()).toHaveLength(2);
      expect(await find(target, twin)).toHaveLength(1);
    },
  },
  {
    capability: 'lost',
    it: 'a creation whose answer is lost is found, and made once',
    async run(target) {
      const [name = ''] = namesOf(1);
      target.endpoint.fail('create', 'lost', 1);
      expect(await failureOf(create(target, name))).toMatchObject({ errorClass: 'transient', ambiguous: true });
      expect(target.endpoint.running()).toHaveLength(1);
      expect(await find(target, name)).toHaveLength(1);
      await driven(
        target,
        guarded(target)
          .create(requestOf(target, name))
          .catch(() => undefined),
      );
      expect(target.endpoint.running()).toHaveLength(1);
    },
  },
  {
    capability: 'lost',
    it: 'a connection that is reset may mean anything, and the retry makes the machine',
    async run(target) {
      const [name = '', other = ''] = namesOf(2);
      target.endpoint.fail('create', 'reset', 1);
      expect(await failureOf(create(target, name))).toMatchObject({ errorClass: 'transient', ambiguous: true });
      target.endpoint.fail('create', 'reset', 1);
      await driven(target, guarded(target).create(requestOf(target, other)));
      expect(await find(target, other)).toHaveLength(1);
    },
  },
  {
    capability: 'partial',
    it: 'of many at once, each has its own machine or its own reason',
    async run(target) {
      const [first = '', lacking = '', last = ''] = namesOf(3);
      target.endpoint.fail('create', 'capacity', 1);
      const outcomes = await Promise.allSettled([first, lacking, last].map((name) => create(target, name)));
      const failed = outcomes.filter((one) => one.status === 'rejected');
      expect(failed.map(({ reason }) => (reason as ProviderError).errorClass)).toEqual(['capacity']);
      pass(target, MINUTE_MS);
      expect(await list(target)).toHaveLength(2);
      expect(target.endpoint.running()).toHaveLength(2);
    },
  },
  {
    capability: 'delayed',
    it: 'a machine that is not shown yet is not made again, and is shown in the end',
    async run(target) {
      const [name = ''] = namesOf(1);
      target.endpoint.showAfterMs = 2 * MINUTE_MS;
      await create(target, name);
      await driven(
        target,
        guarded(target)
          .create(requestOf(target, name))
          .catch(() => undefined),
      );
      expect(target.endpoint.running()).toHaveLength(1);
      pass(target, 2 * MINUTE_MS);
      expect(await find(target, name)).toHaveLength(1);
      expect(await list(target)).toHaveLength(1);
    },
  },
  {
    capability: 'capacity',
    it: 'marks the offering, and leaves nothing behind',
    async run(target) {
      const [name = ''] = namesOf(1);
      target.endpoint.fail('create', 'capacity', 1);
      const error = await failureOf(create(target, name));
      expect(error).toMatchObject({ errorClass: 'capacity', ambiguous: false });
      expect(error.mark?.ms).toBeGreaterThanOrEqual(MINUTE_MS);
      pass(target, 5 * MINUTE_MS);
      expect(target.endpoint.running()).toEqual([]);
      expect(await find(target, name)).toEqual([]);
    },
  },
  {
    capability: 'quota',
    it: 'marks for longer than it takes for machines to come back',
    async run(target) {
      const [name = ''] = namesOf(1);
      target.endpoint.fail('create', 'quota', 1);
      const error = await failureOf(create(target, name));
      expect(error).toMatchObject({ errorClass: 'quota', ambiguous: false });
      expect(error.mark?.ms).toBeGreaterThanOrEqual(10 * MINUTE_MS);
      pass(target, 5 * MINUTE_MS);
      expect(target.endpoint.running()).toEqual([]);
    },
  },
  {
    capability: 'fallback',
    it: 'where spot is sold out, the same machine is had on demand',
    async run(target) {
      const [name = '', other = ''] = namesOf(2);
      const { spot } = target;
      if (!spot) throw new Error('no spot machine: does not apply, with a reason');
      const there = await create(target, 'web-t3k9p2-spot00', spot);
      expect(there.nodeName).toBe('web-t3k9p2-spot00');
      target.endpoint.sellOut(spot);
      expect(await failureOf(create(target, name, spot))).toMatchObject({ errorClass: 'capacity' });
      await create(target, other);
      pass(target, MINUTE_MS);
      expect(target.endpoint.running()).toHaveLength(2);
    },
  },
  {
    capability: 'terminate',
    it: 'is gone once it is shown no more, also when the answer was lost; what is unknown is gone',
    async run(target) {
      const [name = '', other = ''] = namesOf(2);
      const { id } = await create(target, name);
      const { id: kept } = await create(target, other);
      pass(target, 3 * MINUTE_MS);
      target.endpoint.fail('terminate', 'lost', 1);
      expect(await failureOf(terminate(target, id))).toMatchObject({ errorClass: 'transient' });
      await terminate(target, id);
      for (let i = 0; i < 20 && (await terminate(target, id)) !== 'gone'; i++) pass(target, 30_000);
      expect(await terminate(target, id)).toBe('gone');
      expect(target.endpoint.running()).toEqual([kept]);
      expect((await list(target)).map((one) => one.id)).toEqual([kept]);
    },
  },
  {
    capability: 'tagged',
    it: 'neither machines of strangers nor of another cluster are listed',
    async run(target) {
      const [name = '', other = ''] = namesOf(2);
      target.endpoint.addStranger();
      const { id } = await create(target, name);
      const theirs = requestOf(target, other, target.onDemand, { clusterTag: OTHER_CLUSTER });
      await driven(target, target.provider.create(theirs, signal()));
      expect(target.endpoint.running()).toHaveLength(3);
      expect((await list(target)).map((one) => one.id)).toEqual([id]);
    },
  },
  {
    capability: 'interruption',
    it: 'a notice is told until its machine is gone',
    async run(target) {
      const [name = ''] = namesOf(1);
      const { id, nodeName } = await create(target, name, target.spot ?? target.onDemand);
      pass(target, 3 * MINUTE_MS);
      target.endpoint.interrupt(id, 'reclaim');
      const told = () => driven(target, target.provider.interruptions(CLUSTER, signal()));
      for (let i = 0; i < 2; i++) {
        const notices = await told();
        expect(notices.map((one) => [one.machineId, one.nodeName, one.kind])).toEqual([[id, nodeName, 'reclaim']]);
        expect(Math.abs((notices[0]?.atMs ?? 0) - target.clock.nowMs())).toBeLessThan(15 * MINUTE_MS);
      }
      for (let i = 0; i < 20 && (await terminate(target, id)) !== 'gone'; i++) pass(target, 30_000);
      await list(target);
      expect(await told()).toEqual([]);
    },
  },
  ...commonChecks,
  ...garbageChecks,
  orphanCheck,
];
