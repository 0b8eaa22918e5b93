import type { ProviderError } from '@forescale/actuator/providers';
import { describe, expect, it } from 'vitest';
import { CLUSTER, driven, guarded, namesOf, pass, requestOf, signal } from '../driver.ts';
import { opened } from './opened.ts';

const MINUTE_MS = 60_000;

describe('azure faults', () => {
  it.each([1, 2, 3])(
    'of sixty machines with 20 %% of all calls failing, each is where its outcome says (seed %i)',
    async (seed) => {
      const target = await opened('machines');
      const machines = guarded(target);
      target.endpoint.failAtRandom(0.2, seed);
      const names = namesOf(60);
      const outcomes = await driven(
        target,
        Promise.allSettled(names.map((name) => machines.create(requestOf(target, name)))),
      );
      target.endpoint.failAtRandom(0, seed);
      pass(target, MINUTE_MS);
      const running = new Set(target.endpoint.running());
      let made = 0;
      for (const [i, outcome] of outcomes.entries()) {
        const name = names[i] as string;
        if (outcome.status === 'fulfilled') {
          made++;
          expect(outcome.value.machines.map(({ id }) => id)).toEqual([name]);
          expect(running).toContain(name);
        } else if (!(outcome.reason as ProviderError).ambiguous) expect(running).not.toContain(name);
      }
      expect(made).toBeGreaterThan(40);
      // What may have been made is found by its name.
      for (const name of names)
        expect(await driven(target, target.provider.find(name, target.onDemand, signal()))).toHaveLength(
          running.has(name) ? 1 : 0,
        );
      expect(await driven(target, target.provider.list(CLUSTER, signal()))).toHaveLength(running.size);
    },
  );

  it('remains that cannot be deleted at once are shown, and deleted by whoever is asked to', async () => {
    const target = await opened('machines');
    const { provider, endpoint, onDemand } = target;
    const [name = ''] = namesOf(1);
    endpoint.sellOut(onDemand);
    endpoint.fail('terminate', 'unavailable', 1);
    const { failures } = await driven(target, provider.create(requestOf(target, name), signal()));
    expect(failures[0]).toMatchObject({ errorClass: 'capacity' });
    expect(await driven(target, provider.find(name, onDemand, signal()))).toMatchObject([{ state: 'terminating' }]);
    expect(await driven(target, provider.terminate(name, onDemand, signal()))).toBe('terminating');
    pass(target, MINUTE_MS);
    expect(await driven(target, provider.terminate(name, onDemand, signal()))).toBe('gone');
  });

  it('remains that reads do not show yet are deleted all the same', async () => {
    const target = await opened('machines');
    target.endpoint.showAfterMs = 2 * MINUTE_MS;
    target.endpoint.sellOut(target.onDemand);
    const request = requestOf(target, namesOf(1)[0] ?? '');
    const { failures } = await driven(target, target.provider.create(request, signal()));
    expect(failures[0]).toMatchObject({ errorClass: 'capacity' });
    pass(target, MINUTE_MS);
    expect(target.endpoint.running()).toEqual([]);
  });

  it.each(['throttled', 'auth', 'unavailable', 'reset'] as const)(
    'that an operation cannot be asked after (%s) says nothing of the machine',
    async (fault) => {
      const target = await opened('machines');
      target.endpoint.fail('read', fault, 1);
      const { machines } = await driven(
        target,
        target.provider.create(requestOf(target, namesOf(1)[0] ?? ''), signal()),
      );
      expect(machines).toHaveLength(1);
    },
  );
});
