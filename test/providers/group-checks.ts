import type { Machine } from '@forescale/actuator/providers';
import { expect } from 'vitest';
import { commonChecks } from './common-checks.ts';
import type { Check } from './conformance.ts';
import { CLUSTER, driven, failureOf, guarded, namesOf, pass, requestOf, signal } from './driver.ts';
import { garbageChecks } from './garbage-checks.ts';
import type { Target } from './target.ts';

const MINUTE_MS = 60_000;
const [NAME = ''] = namesOf(1);

/** What was asked for first, minutes ago. */
const wanted = (target: Target, groupSize: number, sinceMs = target.clock.nowMs()) =>
  requestOf(target, NAME, target.onDemand, { groupSize, createdMs: sinceMs });
const raise = (target: Target, groupSize: number, sinceMs?: number) =>
  driven(target, target.provider.create(wanted(target, groupSize, sinceMs), signal()));
const members = (target: Target): Promise<readonly Machine[]> =>
  driven(target, target.provider.list(CLUSTER, signal()));
const running = (target: Target) => [...target.endpoint.running()].sort();
const idsOf = (machines: readonly Machine[]) => machines.map(({ id }) => id).sort();

/** Raises the group, and waits until its members are there. */
async function grown(target: Target, groupSize: number): Promise<readonly Machine[]> {
  await raise(target, groupSize);
  pass(target, 5 * MINUTE_MS);
  return members(target);
}

/** So many members are left, and this one is none of them. */
async function seenWithout(target: Target, id: string, count: number): Promise<void> {
  pass(target, 5 * MINUTE_MS);
  const left = await members(target);
  expect(left).toHaveLength(count);
  expect(idsOf(left)).not.toContain(id);
  expect(running(target)).toEqual(idsOf(left));
}

/** Of a provider whose machines are made by groups. */
export const groupChecks: readonly Check[] = [
  {
    capability: 'concurrent',
    it: 'a group is raised at once to what is wanted, by many at once too',
    async run(target) {
      const { provider, onDemand } = target;
      await driven(target, Promise.all([20, 20, 20].map((size) => provider.create(wanted(target, size), signal()))));
      pass(target, 5 * MINUTE_MS);
      const made = await members(target);
      expect(made).toHaveLength(20);
      expect(idsOf(made)).toEqual(running(target));
      for (const { group, place, providerId } of made) {
        expect(group).toBe(provider.groups?.groupOf(onDemand));
        expect(place).toEqual({ provider: '', region: onDemand.region });
        expect(providerId).not.toBe('');
      }
    },
  },
  {
    capability: 'concurrent',
    it: 'sizes that are asked for at once end at the largest',
    async run(target) {
      const { provider } = target;
      await driven(target, Promise.all([3, 5, 4].map((size) => provider.create(wanted(target, size), signal()))));
      pass(target, 5 * MINUTE_MS);
      expect(await members(target)).toHaveLength(5);
    },
  },
  {
    capability: 'replayed',
    it: 'the same size again, or a smaller one, changes nothing',
    async run(target) {
      await grown(target, 3);
      await raise(target, 3);
      await raise(target, 1);
      pass(target, 5 * MINUTE_MS);
      expect(await members(target)).toHaveLength(3);
    },
  },
  {
    capability: 'lost',
    it: 'a size whose answer is lost is set once, however often it is asked for',
    async run(target) {
      await grown(target, 2);
      target.endpoint.fail('create', 'lost', 1);
      expect(await failureOf(raise(target, 4))).toMatchObject({ errorClass: 'transient', ambiguous: true });
      await raise(target, 4);
      target.endpoint.fail('create', 'lost', 1);
      await driven(target, guarded(target).create(wanted(target, 5)));
      target.endpoint.fail('create', 'reset', 1);
      await driven(target, guarded(target).create(wanted(target, 6)));
      pass(target, 5 * MINUTE_MS);
      expect(await members(target)).toHaveLength(6);
      expect(target.endpoint.running()).toHaveLength(6);
    },
  },
  {
    capability: 'partial',
    it: 'what has not come for want of machines is told, one by one; what has come stays',
    async run(target) {
      await grown(target, 2);
      target.endpoint.sellOut(target.onDemand);
      const sinceMs = target.clock.nowMs();
      await raise(target, 5, sinceMs);
      pass(target, 5 * MINUTE_MS);
      const { failures, machines } = await raise(target, 5, sinceMs);
      expect(machines).toEqual([]);
      expect(failures.map(({ errorClass }) => errorClass)).toEqual(['capacity', 'capacity', 'capacity']);
      expect(await members(target)).toHaveLength(2);
    },
  },
  {
    capability: 'partial',
    it: 'a group that has all that is wanted lacks nothing, whatever else it is told to have',
    async run(target) {
      await grown(target, 2);
      target.endpoint.sellOut(target.onDemand);
      const sinceMs = target.clock.nowMs();
      await raise(target, 4, sinceMs);
      pass(target, 5 * MINUTE_MS);
      expect((await raise(target, 2, sinceMs)).failures).toEqual([]);
      expect((await raise(target, 3, sinceMs)).failures.map(({ errorClass }) => errorClass)).toEqual(['capacity']);
    },
  },
  {
    capability: 'capacity',
    it: 'marks the offering; what failed before a request is none of its business',
    async run(target) {
      target.endpoint.sellOut(target.onDemand);
      const sinceMs = target.clock.nowMs();
      await raise(target, 1, sinceMs);
      pass(target, 5 * MINUTE_MS);
      const { failures } = await raise(target, 1, sinceMs);
      expect(failures[0]).toMatchObject({ errorClass: 'capacity', ambiguous: false });
      expect(failures[0]?.mark?.ms).toBeGreaterThanOrEqual(MINUTE_MS);
      const group = target.provider.groups?.groupOf(target.onDemand) ?? '';
      await driven(target, target.provider.groups?.trim(group, target.onDemand, 0, signal()) ?? Promise.resolve());
      pass(target, 5 * MINUTE_MS);
      expect((await raise(target, 1)).failures).toEqual([]);
    },
  },
  {
    capability: 'quota',
    it: 'a size that may not be is told as such',
    async run(target) {
      target.endpoint.fail('create', 'quota', 1);
      const sinceMs = target.clock.nowMs();
      const told = async () => (await raise(target, 2, sinceMs)).failures[0];
      let error = await told().catch((cause: unknown) => cause);
      for (let i = 0; i < 5 && error === undefined; i++) {
        pass(target, MINUTE_MS);
        error = await told().catch((cause: unknown) => cause);
      }
      expect(error).toMatchObject({ errorClass: 'quota', ambiguous: false });
    },
  },
  {
    capability: 'delayed',
    it: 'members that are shown late are not made again',
    async run(target) {
      target.endpoint.showAfterMs = 2 * MINUTE_MS;
      await raise(target, 2);
      await raise(target, 2);
      pass(target, 10 * MINUTE_MS);
      expect(await members(target)).toHaveLength(2);
      expect(target.endpoint.running()).toHaveLength(2);
    },
  },
  {
    capability: 'interruption',
    it: 'a notice is told of the member that is taken back, and of no other',
    async run(target) {
      const [, second] = await grown(target, 2);
      if (!second) throw new Error('no member');
      target.endpoint.interrupt(second.id, 'reclaim');
      const notices = await driven(target, target.provider.interruptions(CLUSTER, signal()));
      expect(notices.map((one) => [one.machineId, one.nodeName, one.kind])).toEqual([
        [second.id, second.nodeName, 'reclaim'],
      ]);
      expect(Math.abs((notices[0]?.atMs ?? 0) - target.clock.nowMs())).toBeLessThan(15 * MINUTE_MS);
    },
  },
  {
    capability: 'terminate',
    it: 'this very member goes, and none comes for it',
    async run(target) {
      const [, second] = await grown(target, 3);
      if (!second) throw new Error('no member');
      const end = () => driven(target, target.provider.terminate(second.id, second.place, signal()));
      target.endpoint.fail('terminate', 'lost', 1);
      expect(await failureOf(end())).toMatchObject({ errorClass: 'transient' });
      for (let i = 0; i < 20 && (await end()) !== 'gone'; i++) pass(target, 30_000);
      await seenWithout(target, second.id, 2);
    },
  },
  {
    capability: 'terminate',
    it: 'asked twice at once, it is one less',
    async run(target) {
      const { provider } = target;
      const [, second] = await grown(target, 4);
      if (!second) throw new Error('no member');
      const end = () => provider.terminate(second.id, second.place, signal());
      await driven(target, Promise.all([end(), end()]));
      await seenWithout(target, second.id, 3);
    },
  },
  {
    capability: 'tagged',
    it: 'machines of strangers are not listed',
    async run(target) {
      const stranger = target.endpoint.addStranger();
      const made = await grown(target, 1);
      expect(idsOf(made)).not.toContain(stranger);
      expect(made).toHaveLength(1);
    },
  },
  {
    capability: 'fallback',
    it: 'where spot is sold out, the group of the same machine on demand delivers',
    async run(target) {
      const { provider, spot, onDemand } = target;
      if (!spot) throw new Error('no spot machine: does not apply, with a reason');
      expect(provider.groups?.groupOf(spot)).not.toBe(provider.groups?.groupOf(onDemand));
      target.endpoint.sellOut(spot);
      const sinceMs = target.clock.nowMs();
      const ofSpot = requestOf(target, NAME, spot, { groupSize: 1, createdMs: sinceMs });
      await driven(target, provider.create(ofSpot, signal()));
      pass(target, 5 * MINUTE_MS);
      const { failures } = await driven(target, provider.create(ofSpot, signal()));
      expect(failures.map(({ errorClass }) => errorClass)).toEqual(['capacity']);
      expect(await grown(target, 1)).toHaveLength(1);
    },
  },
  {
    capability: 'interruption',
    it: 'a notice is told until its member is gone',
    async run(target) {
      const [member] = await grown(target, 2);
      if (!member) throw new Error('no member');
      target.endpoint.interrupt(member.id, 'reclaim');
      const told = () => driven(target, target.provider.interruptions(CLUSTER, signal()));
      for (let i = 0; i < 2; i++)
        expect((await told()).map((one) => [one.machineId, one.nodeName, one.kind])).toEqual([
          [member.id, member.nodeName, 'reclaim'],
        ]);
      const end = () => driven(target, target.provider.terminate(member.id, member.place, signal()));
      for (let i = 0; i < 20 && (await end()) !== 'gone'; i++) pass(target, 30_000);
      pass(target, 5 * MINUTE_MS);
      expect(await told()).toEqual([]);
    },
  },
  ...commonChecks,
  ...garbageChecks,
];
