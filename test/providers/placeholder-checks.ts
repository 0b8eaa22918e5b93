import type { Held, HoldRequest, Placeholders } from '@forescale/actuator/providers';
import { expect } from 'vitest';
import type { Check } from './conformance.ts';
import { driven, failureOf, guarded, POOL, signal } from './driver.ts';
import type { Target } from './target.ts';

const SIZE = { cpuMillicores: 900, memoryBytes: 2 ** 30, gpus: 0 };

const requestOf = (replicas: number, generation = 1): HoldRequest => ({
  ...{ pool: POOL, generation, replicas, size: SIZE, nodeSelector: { role: 'web' }, taints: [] },
});

function placeholdersOf({ provider }: Target): Placeholders {
  if (!provider.placeholders) throw new Error('the provider makes machines');
  return provider.placeholders;
}

const hold = (target: Target, replicas: number) =>
  driven(target, placeholdersOf(target).hold(requestOf(replicas), signal()));
const read = (target: Target): Promise<Held> => driven(target, placeholdersOf(target).read(POOL, signal()));
const room = (target: Target) => {
  const guardedRoom = guarded(target).room;
  if (guardedRoom === null) throw new Error('the provider makes machines');
  return guardedRoom;
};

/** Of a provider that asks whoever owns the nodes for room. */
export const placeholderChecks: readonly Check[] = [
  {
    capability: 'replayed',
    it: 'the same number again changes nothing, another one replaces it',
    async run(target) {
      for (const replicas of [7, 7, 3]) {
        await hold(target, replicas);
        expect(await read(target)).toEqual({ replicas, size: SIZE, generation: 1, problem: null });
      }
      expect(target.endpoint.running()).toHaveLength(3);
    },
  },
  {
    capability: 'lost',
    it: 'a number whose answer is lost is asked for once, however often it is sent',
    async run(target) {
      target.endpoint.fail('create', 'lost', 1);
      expect(await failureOf(hold(target, 5))).toMatchObject({ errorClass: 'transient', ambiguous: true });
      await hold(target, 5);
      for (const fault of ['lost', 'reset', 'unavailable'] as const) {
        target.endpoint.fail('create', fault, 1);
        await driven(target, room(target).hold(requestOf(6)));
      }
      expect(await read(target)).toMatchObject({ replicas: 6 });
      expect(target.endpoint.running()).toHaveLength(6);
    },
  },
  {
    capability: 'throttled',
    it: 'is told as such, and waited out',
    async run(target) {
      target.endpoint.fail('create', 'throttled', 1);
      expect(await failureOf(hold(target, 2))).toMatchObject({ errorClass: 'throttled', retryAfterMs: 7_000 });
      const sinceMs = target.clock.nowMs();
      target.endpoint.fail('create', 'throttled', 1);
      await driven(target, room(target).hold(requestOf(2)));
      expect(target.clock.nowMs() - sinceMs).toBeGreaterThanOrEqual(7_000);
    },
  },
  {
    capability: 'auth',
    it: 'refused credentials are told as such, of every call',
    async run(target) {
      target.endpoint.fail('create', 'auth', 1);
      expect(await failureOf(hold(target, 2))).toMatchObject({ errorClass: 'auth', ambiguous: false });
      target.endpoint.fail('read', 'auth', 1);
      expect(await failureOf(read(target))).toMatchObject({ errorClass: 'auth' });
    },
  },
];
