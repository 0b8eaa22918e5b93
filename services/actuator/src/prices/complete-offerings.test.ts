import { type Config, ConfigError, type PoolConfig, parseConfig } from '@forescale/shared/config';
import { describe, expect, it } from 'vitest';
import { completeOfferings, completePool } from './complete-offerings.ts';

const configOf = (pool: object): Config =>
  parseConfig(JSON.stringify({ autoscaler: { pools: [{ name: 'web', ...pool }] } }), 'test', {});

const refusalOf = (pool: object) => {
  try {
    completeOfferings(configOf(pool));
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
  }
  return 'accepted';
};

const m7g = { instance_type: 'm7g.large', region: 'us-east-1', zone: 'us-east-1a' };
/** Machines one by one, in two zones of one region. */
const AWS = {
  kind: 'aws',
  regions: {
    'us-east-1': {
      subnets: { 'us-east-1b': ['subnet-0a1b2c3d'], 'us-east-1c': ['subnet-0a1b2c3e'] },
      launch_template: { id: 'lt-0a1b2c3d' },
    },
  },
};
const asked = {
  cloud: 'aws',
  regions: ['us-east-1'],
  zones: ['us-east-1a'],
  architectures: ['arm64'],
  families: ['m7g'],
};

describe('completing what a pool may buy', () => {
  it('what is listed comes first and keeps its price; machines add to it, nothing twice', () => {
    const config = completeOfferings(
      configOf({ offerings: [{ ...m7g, usd_per_hour: 0.05 }], machines: [asked, asked] }),
    );
    expect(config.pools[0]?.offerings.map((one) => [one.instanceType, one.usdPerHour, one.price?.source])).toEqual([
      ['m7g.large', 0.05, undefined],
      ['m7g.4xlarge', 0.6528, 'static'],
      ['m7g.2xlarge', 0.3264, 'static'],
      ['m7g.xlarge', 0.1632, 'static'],
    ]);
  });

  it('once more changes nothing, and a pool that lists all with its price is as it was', () => {
    const once = completeOfferings(configOf({ machines: [asked] }));
    expect(completeOfferings(once)).toEqual(once);
    const listed = configOf({ offerings: [{ ...m7g, usd_per_hour: 0.05 }] });
    expect(completeOfferings(listed).pools[0]).toBe(listed.pools[0]);
  });

  it('says of every type what became of it', () => {
    const { considered } = completePool(configOf({ machines: [asked] }).pools[0] as Config['pools'][number], 0);
    expect(considered).toHaveLength(1);
    expect(considered[0]?.chosen).toHaveLength(4);
    expect(considered[0]?.refused).toHaveLength(42);
  });

  it("an offering without a price has that of its provider's cloud, and the band of spot", () => {
    const listed = [
      m7g,
      { ...m7g, capacity_type: 'spot' },
      { ...m7g, capacity_type: 'spot', zone: 'us-east-1b', interruption: '<5%' },
    ];
    const pool = configOf({ provider: AWS, offerings: listed }).pools[0] as PoolConfig;
    expect(completePool(pool, 0).pool.offerings).toMatchObject([
      { usdPerHour: 0.0816, price: { source: 'static', estimate: false }, interruption: null, allocatable: null },
      { usdPerHour: 0.02938, price: { source: 'static', estimate: true }, interruption: '10-15%' },
      { usdPerHour: 0.02938, interruption: '<5%' },
    ]);
    const unknown = { ...pool, offerings: pool.offerings.map((one) => ({ ...one, instanceType: 'm99.large' })) };
    expect(() => completePool(unknown, 0)).toThrow(
      'autoscaler.pools[0].offerings[0].usd_per_hour is absent: allowed: a number from 0 to 10000; the table of aws has no on_demand price of m99.large in us-east-1',
    );
  });

  it.each([
    [
      'a cloud that nobody names',
      { machines: [{ ...asked, cloud: undefined }] },
      'autoscaler.pools[0].machines[0].cloud is absent: allowed where the provider is of kind none: aws, gcp, azure, hetzner',
    ],
    [
      'a region of unknown zones',
      { machines: [{ ...asked, regions: ['eu-west-1'], zones: undefined }] },
      'autoscaler.pools[0].machines[0].zones is absent: allowed: zones of eu-west-1; the table of aws has us-east-1, eu-central-1',
    ],
    [
      'a zone elsewhere',
      { machines: [{ ...asked, zones: ['us-east-1a', 'us-west-2a'] }] },
      'autoscaler.pools[0].machines[0].zones = "us-west-2a": allowed: zones of us-east-1',
    ],
    [
      'nothing that is left',
      { machines: [{ ...asked, families: ['m6i'] }] },
      'autoscaler.pools[0].machines[0]: allowed: what leaves a type of aws to buy; all are refused, 42 for family, 4 for architecture',
    ],
    [
      'a price that no table has',
      { offerings: [m7g] },
      'autoscaler.pools[0].offerings[0].usd_per_hour is absent: allowed: a number from 0 to 10000; there is no table of its provider',
    ],
  ])('refuses %s in one line', (_, pool, message) => {
    expect(refusalOf(pool)).toBe(message);
  });
});
