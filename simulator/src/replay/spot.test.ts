import { seededRandom } from '@forescale/shared/time';
import { describe, expect, it } from 'vitest';
import { replay } from './replay.ts';
import { MINUTE_MS, periodicForecaster, poolOf, traceOf } from './trace.test-data.ts';

const ON_DEMAND = { instance_type: 'm', usd_per_hour: 0.192 };
const SPOT = { instance_type: 'm', capacity_type: 'spot', usd_per_hour: 0.06528, interruption: '>20%' };
const SHARE = 0.7;
const SEEDS = [1, 2, 3, 4, 5];

/** Two days, 18 to 42 nodes of 10 each, every four hours the same but for a noise of a fifth of a node. */
function trace(seed: number) {
  const random = seededRandom(seed);
  const wave = (minute: number) => 300 - 120 * Math.cos((2 * Math.PI * minute) / 240);
  return traceOf(Array.from({ length: 2 * 1_440 }, (_, minute) => wave(minute) + 4 * random.next() - 2));
}

async function run(seed: number, share: number) {
  const load = trace(seed);
  const { summary } = await replay({
    trace: load,
    pool: poolOf({ offerings: [ON_DEMAND, SPOT], spot: { share }, lead_time: '3m' }),
    policy: 'forescale',
    seed,
    historyShare: 0.25,
    forecaster: periodicForecaster(load, 240),
    faults: { createFailureShare: 0.2, spotReclaimsPerHour: 0.05, boot: { kind: 'fixed', ms: 3 * MINUTE_MS } },
    timerMs: () => 0,
  });
  return summary;
}

// Measured: 0.0257 % unmet against 0.0256 %, and 96 % of the saving that the prices allow.
describe('replay: 70 % spot, of which 5 % are taken back in an hour, and a fifth of all creations refused', () => {
  it('misses at most 0.1 points more than on demand alone, and saves at least 80 % of what the prices allow', async () => {
    const [unmet, usd] = [
      { spot: 0, onDemand: 0 },
      { spot: 0, onDemand: 0 },
    ];
    for (const seed of SEEDS) {
      const [spot, onDemand] = [await run(seed, SHARE), await run(seed, 0)];
      expect(spot.spot_interruptions, `seed ${seed}`).toBeGreaterThan(0);
      unmet.spot += spot.unmet_demand_share / SEEDS.length;
      unmet.onDemand += onDemand.unmet_demand_share / SEEDS.length;
      usd.spot += spot.usd;
      usd.onDemand += onDemand.usd;
    }
    expect(unmet.spot - unmet.onDemand).toBeLessThanOrEqual(0.001);
    const allowed = SHARE * (1 - SPOT.usd_per_hour / ON_DEMAND.usd_per_hour);
    expect(1 - usd.spot / usd.onDemand).toBeGreaterThanOrEqual(0.8 * allowed);
  });
});
