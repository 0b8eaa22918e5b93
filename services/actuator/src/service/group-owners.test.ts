import type { PoolConfig } from '@forescale/shared/config';
import { expect, it } from 'vitest';
import { testPool } from '../execute/fakes/world.ts';
import type { Machines } from '../execute/index.ts';
import { refuseSharedGroups } from './group-owners.ts';

/** Groups by zone, in a pool of several providers after their provider's name. */
const machines = {
  groupOf: ({ provider, zone }) => (provider === '' ? `group-${zone}` : `${provider}/group-${zone}`),
} as Pick<Machines, 'groupOf'> as Machines;
const refuse = (...pools: PoolConfig[]) => refuseSharedGroups(pools, [machines, machines]);
const pool = (name: string, change: Partial<PoolConfig> = {}) => testPool({ name, ...change });
const [zoneA, zoneB] = testPool().offerings;

it('refuses two pools that act on one group, also where one of them has other providers besides', () => {
  const message = /^pools web and batch both act on group group-a of a provider of kind simulated; allowed: one pool/;
  expect(() => refuse(pool('web'), pool('batch'))).toThrow(message);
  const { provider } = testPool();
  if (provider.kind === 'mixed' || !zoneA) throw new Error('unlike the configuration of the tests');
  const mixed = { provider: { kind: 'mixed', providers: { x: provider } } as const };
  expect(() => refuse(pool('web'), pool('batch', { ...mixed, offerings: [{ ...zoneA, provider: 'x' }] }))).toThrow(
    message,
  );
});

it('takes pools with groups of their own, of other places, or one that only observes', () => {
  expect(() =>
    refuse(pool('web', { offerings: zoneA ? [zoneA] : [] }), pool('batch', { offerings: zoneB ? [zoneB] : [] })),
  ).not.toThrow();
  const elsewhere = { ...testPool().provider, url: 'http://127.0.0.1:2' } as PoolConfig['provider'];
  expect(() => refuse(pool('web'), pool('batch', { provider: elsewhere }))).not.toThrow();
  expect(() => refuse(pool('web'), pool('batch', { mode: 'observe' }))).not.toThrow();
});
