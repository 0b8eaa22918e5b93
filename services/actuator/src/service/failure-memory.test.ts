import type { OfferingConfig } from '@forescale/shared/config';
import { expect, it } from 'vitest';
import { testPool } from '../execute/fakes/world.ts';
import { EMPTY_MEMORY } from '../plan/index.ts';
import { withFailureOf } from './failure-memory.ts';

it.each(['zone', 'region', 'spot'] as const)('a lack in a %s is of its provider, not of another one there', (scope) => {
  const [sample] = testPool().offerings as [OfferingConfig];
  const spot = { ...sample, region: 'us-east-1', zone: 'us-east-1a', capacityType: 'spot' as const };
  const offerings = [
    { ...spot, provider: 'x' },
    { ...spot, provider: 'x', instanceType: 'large' },
    { ...spot, provider: 'y' },
  ];
  const failure = {
    ...{ stage: 'create' as const, nodeName: 'n', offering: offerings[0] as OfferingConfig, message: '', timeMs: 0 },
    ...{ errorClass: 'quota' as const, mark: { ms: 60_000, scope } },
  };
  const { marks } = withFailureOf(EMPTY_MEMORY, failure, testPool({ offerings }), 0);
  expect(Object.keys(marks).sort()).toEqual(['x:large/us-east-1/us-east-1a/spot', 'x:small/us-east-1/us-east-1a/spot']);
});
