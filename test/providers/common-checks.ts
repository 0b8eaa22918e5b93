import { expect } from 'vitest';
import type { Check } from './conformance.ts';
import { CLUSTER, driven, failureOf, guarded, namesOf, pass, requestOf, signal } from './driver.ts';

const MINUTE_MS = 60_000;

/** Of machines and of groups alike. */
export const commonChecks: readonly Check[] = [
  {
    capability: 'pagination',
    it: 'a listing of many pages is whole',
    async run(target) {
      const { provider, endpoint } = target;
      endpoint.pageSize = 2;
      const requests = namesOf(5).map((name) =>
        requestOf(target, name, target.onDemand, { groupSize: provider.groups ? 5 : 1 }),
      );
      await driven(target, Promise.all(requests.map((request) => provider.create(request, signal()))));
      pass(target, 5 * MINUTE_MS);
      expect(await driven(target, provider.list(CLUSTER, signal()))).toHaveLength(5);
    },
  },
  {
    capability: 'throttled',
    it: 'is told as such, and waited out',
    async run(target) {
      const [name = '', other = ''] = namesOf(2);
      target.endpoint.fail('create', 'throttled', 1);
      const error = await failureOf(driven(target, target.provider.create(requestOf(target, name), signal())));
      expect(error).toMatchObject({ errorClass: 'throttled', ambiguous: false });
      // Where the API says how long.
      if (error.retryAfterMs !== null) expect(error.retryAfterMs).toBe(7_000);
      const sinceMs = target.clock.nowMs();
      target.endpoint.fail('create', 'throttled', 1);
      await driven(target, guarded(target).create(requestOf(target, other)));
      expect(target.clock.nowMs() - sinceMs).toBeGreaterThanOrEqual(error.retryAfterMs ?? 200);
    },
  },
  {
    capability: 'auth',
    it: 'refused credentials are told as such, of every call',
    async run(target) {
      const { provider, endpoint } = target;
      const [name = ''] = namesOf(1);
      endpoint.fail('create', 'auth', 1);
      expect(await failureOf(driven(target, provider.create(requestOf(target, name), signal())))).toMatchObject({
        errorClass: 'auth',
        ambiguous: false,
      });
      endpoint.fail('read', 'auth', 1);
      expect(await failureOf(driven(target, provider.list(CLUSTER, signal())))).toMatchObject({ errorClass: 'auth' });
    },
  },
  {
    capability: 'tagged',
    it: 'a listing that fails in part fails',
    async run(target) {
      const { provider, endpoint } = target;
      endpoint.fail('read', 'unavailable', 1);
      expect(await failureOf(driven(target, provider.list(CLUSTER, signal())))).toMatchObject({
        errorClass: 'transient',
      });
      endpoint.fail('read', 'reset', 1);
      expect(await failureOf(driven(target, provider.list(CLUSTER, signal())))).toMatchObject({
        errorClass: 'transient',
      });
      expect(await driven(target, provider.list(CLUSTER, signal()))).toEqual([]);
    },
  },
  {
    capability: 'prices',
    it: 'each offering has its price, or none that is known',
    async run(target) {
      const { provider, onDemand, spot } = target;
      const offerings = [onDemand, ...(spot ? [spot] : []), { ...onDemand, instanceType: 'no.such-type' }];
      const prices = (await driven(target, provider.prices?.(offerings, signal()) ?? Promise.resolve([]))) ?? [];
      expect(prices).toHaveLength(offerings.length);
      expect(prices.at(-1)).toBeNull();
      for (const price of prices.slice(0, -1)) {
        expect(price).toBeGreaterThan(0);
        expect(price).toBeLessThan(1_000);
      }
    },
  },
];
