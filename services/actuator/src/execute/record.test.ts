import { expect, it } from 'vitest';
import { nodeRecordSchema } from './record.ts';

const OLD = {
  ...{ requestId: 'web-t3k9p2-4f0az1', pool: 'web', clusterTag: 'c-1', generation: 3, state: 'launched' },
  ...{ nodeName: 'web-t3k9p2-4f0az1', machineIds: ['m-1'], createdMs: 1_000, launchedMs: 61_000, readyMs: null },
  ...{ why: '2 nodes for observed:rps', drain: null, removal: null },
  offering: {
    ...{ instanceType: 'm', region: 'local', zone: 'a', capacityType: 'on_demand', usdPerHour: 0.1 },
    ...{ allocatable: null, interruption: null },
  },
};

it('reads what earlier versions have written of a node that was starting', () => {
  const { state, registeredMs, usefulMs } = nodeRecordSchema.parse(OLD);
  expect({ state, registeredMs, usefulMs }).toEqual({ state: 'registered', registeredMs: null, usefulMs: null });
});

it('reads where a price is from, and offerings of before that was written', () => {
  expect(nodeRecordSchema.parse(OLD).offering).not.toHaveProperty('price');
  const price = { source: 'live', asOf: '2026-11-26T04:00:00.000Z', estimate: false } as const;
  const offering = nodeRecordSchema.parse({ ...OLD, offering: { ...OLD.offering, price } }).offering;
  expect(offering.price).toEqual(price);
});

it('refuses a state that never was', () => {
  expect(nodeRecordSchema.safeParse({ ...OLD, state: 'gone' }).success).toBe(false);
});
