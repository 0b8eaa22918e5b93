import { boundsAt } from '@forescale/shared/config';
import { seededRandom } from '@forescale/shared/time';
import { describe, expect, it } from 'vitest';
import { countPolicy } from './count-policy.ts';
import { forescalePolicy } from './forescale-policy.ts';
import { Machines } from './machines.ts';
import type { Policy } from './policy.ts';
import { MINUTE_MS, poolOf } from './trace.test-data.ts';

const NOW_MS = Date.UTC(2026, 2, 2, 12);
const CHEAP = { instance_type: 'cheap', usd_per_hour: 0.1 };
const DEAR = { instance_type: 'dear', usd_per_hour: 0.5 };
const pool = poolOf({ offerings: [CHEAP, DEAR] });

const POLICIES: Record<string, () => Policy> = {
  forescale: () =>
    forescalePolicy({
      signal: { ...(pool.signals[0] as (typeof pool.signals)[number]) },
      stepMs: MINUTE_MS,
      leadTimeMs: 3 * MINUTE_MS,
      forecastAt: () => null,
      solve: null,
    }),
  'a policy that counts': () => countPolicy(() => ({ order: 2, release: 0, desired: 2 })),
};

describe('replay: an offering whose creation was refused', () => {
  it.each(Object.keys(POLICIES))('%s passes it over for as long as the product does: 3 min', (name) => {
    const faults = {
      ...{ boot: { kind: 'fixed', ms: MINUTE_MS } as const, drainMs: 0, createFailureShare: 0 },
      ...{ spotReclaimsPerHour: 0, reclaimNoticeMs: 0, minBillingMs: 0 },
    };
    const policy = POLICIES[name]?.();
    const [cheap] = pool.offerings;
    if (!policy || !cheap) throw new Error('a policy and an offering');
    policy.onCreateFailure(cheap, NOW_MS);
    const bought = (minutes: number) => {
      const nowMs = NOW_MS + minutes * MINUTE_MS;
      const machines = new Machines(pool, faults, seededRandom(1));
      const demand = { demand: 20, demandNodes: 2, capacityPerNode: 10 };
      const { actions } = policy.decide({ nowMs, ...demand, bounds: boundsAt(pool, nowMs, null), pool, machines });
      return actions.flatMap((one) => (one.kind === 'create' ? [one.offering.instanceType] : []));
    };
    expect(new Set(bought(2))).toEqual(new Set(['dear']));
    expect(new Set(bought(4))).toEqual(new Set(['cheap']));
  });
});
