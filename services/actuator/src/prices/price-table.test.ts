import { CLOUDS } from '@forescale/shared/config';
import { describe, expect, it } from 'vitest';
import { type Figure, type MachineType, priceIn, readPriceTable } from './price-table.ts';
import { priceTableOf } from './tables.ts';

const typeOf = (cloud: (typeof CLOUDS)[number], name: string) => priceTableOf(cloud).types.get(name) as MachineType;

describe.each(CLOUDS)('the static table of %s', (cloud) => {
  const table = priceTableOf(cloud);
  const figures = [...table.types.values()].flatMap((type) =>
    [...type.byRegion].map(([region, price]) => ({ type, region, price })),
  );

  it('has its day, its source, and a price of every type in its first region', () => {
    const [reference] = table.zones.keys();
    expect(table.asOf).toMatch(/^2026-\d\d-\d\d$/);
    expect(table.source.length).toBeGreaterThan(20);
    expect(table.types.size).toBeGreaterThanOrEqual(cloud === 'hetzner' ? 19 : 38);
    for (const type of table.types.values())
      expect(type.byRegion.get(reference as string)?.on_demand, type.instanceType).not.toBeNull();
  });

  it('has only prices that a machine of that size can have, and no spot dearer than on demand', () => {
    for (const { type, region, price } of figures) {
      const onDemand = price.on_demand as Figure;
      const perCpu = onDemand.usdPerHour / type.vcpus;
      expect(perCpu, `${type.instanceType} in ${region}`).toBeGreaterThan(0.001);
      expect(perCpu, `${type.instanceType} in ${region}`).toBeLessThan(type.gpus > 0 ? 0.4 : 0.2);
      if (price.spot) expect(price.spot.usdPerHour).toBeLessThanOrEqual(onDemand.usdPerHour);
    }
  });

  // What told a Windows price from a Linux one in a source: twice the others of its family.
  it.skipIf(cloud === 'hetzner')('prices the sizes of a family alike, by what they have', () => {
    const families = Map.groupBy(
      figures.filter(({ type }) => type.gpus === 0),
      ({ type, region }) => `${type.family} ${type.memoryBytes / type.vcpus / 2 ** 28} ${region}`,
    );
    for (const [family, sizes] of families) {
      const perCpu = sizes.map(({ type, price }) => (price.on_demand as Figure).usdPerHour / type.vcpus);
      expect(Math.max(...perCpu) / Math.min(...perCpu), family).toBeLessThan(1.03);
    }
  });
});

describe('a figure of a static table', () => {
  const check = (
    cloud: (typeof CLOUDS)[number],
    name: string,
    region: string,
    kind: 'on_demand' | 'spot',
    expected: unknown,
  ) => expect(priceIn(typeOf(cloud, name), region, priceTableOf(cloud))?.[kind]).toEqual(expected);

  it('is what the source says, with its day', () => {
    check('aws', 'm7g.xlarge', 'us-east-1', 'on_demand', { usdPerHour: 0.1632, asOf: '2026-07-20', estimate: false });
    check(
      'gcp',
      'n2-standard-4',
      'us-central1',
      'spot',
      expect.objectContaining({ asOf: '2026-07-30', estimate: false }),
    );
    check('azure', 'Standard_D4s_v5', 'westeurope', 'on_demand', {
      usdPerHour: 0.23,
      asOf: '2026-06-18',
      estimate: false,
    });
  });

  it('is an estimate where it is derived: spot by a saving of another day, a region by a factor, euros in dollars', () => {
    // 0.1632 x (1 - 0.62) = 0.062016; 0.1632 x 1.198 = 0.19551; 8.49 EUR x 1.1637 / 624 h = 0.015833.
    check('aws', 'm7g.xlarge', 'us-east-1', 'spot', { usdPerHour: 0.06202, asOf: '2025-06-28', estimate: true });
    check('aws', 'm7g.xlarge', 'eu-central-1', 'on_demand', { usdPerHour: 0.1955, asOf: '2026-07-20', estimate: true });
    check('hetzner', 'cx33', 'hel1', 'on_demand', { usdPerHour: 0.01583, asOf: '2026-09-04', estimate: true });
  });

  it('of spot is at most on demand where nothing is known of it, and null where there is none', () => {
    check('azure', 'Standard_D4s_v5', 'westeurope', 'spot', { usdPerHour: 0.23, asOf: '2026-06-18', estimate: true });
    check('hetzner', 'cx33', 'hel1', 'spot', null);
  });

  it('of a region that the table does not have is that of its first one, as an estimate', () => {
    check('aws', 'm7g.xlarge', 'eu-west-1', 'on_demand', { usdPerHour: 0.1632, asOf: '2026-07-20', estimate: true });
    expect(priceIn(typeOf('aws', 'm7g.xlarge'), 'eu-west-1', priceTableOf('aws'))?.interruption).toBeNull();
    expect(priceIn(typeOf('aws', 'm7g.xlarge'), 'us-east-1', priceTableOf('aws'))?.interruption).toBe('5-10%');
  });
});

it('families are named as their cloud names them', () => {
  const families = (cloud: (typeof CLOUDS)[number]) => [
    ...new Set([...priceTableOf(cloud).types.values()].map((one) => one.family)),
  ];
  expect(families('aws')).toContain('g4dn');
  expect(families('gcp')).toContain('n2d');
  expect(families('azure')).toEqual(expect.arrayContaining(['Dasv6', 'Esv5', 'Fsv2', 'Bms']));
  expect(families('hetzner')).toEqual(['cx', 'cax', 'cpx', 'ccx']);
});

describe('a table that is not one is refused', () => {
  const dated = { as_of: '2026-01-01', source: 'a source' };
  const good = {
    cloud: 'aws',
    unit: 'usd_per_hour',
    ...dated,
    licence: 'none',
    spot: { as: 'price', ...dated },
    regions: [{ region: 'r', zones: ['ra'] }],
    types: [['m.large', 'amd64', 2, 8, 0, [0.1, 0.05]]],
  };

  it.each([
    ['a negative price', { types: [['m.large', 'amd64', 2, 8, 0, [-0.1]]] }],
    ['an unknown architecture', { types: [['m.large', 'mips', 2, 8, 0, [0.1]]] }],
    ['a cell too many', { types: [['m.large', 'amd64', 2, 8, 0, [0.1], [0.1]]] }],
    ['a type twice', { types: [good.types[0], good.types[0]] }],
    ['a band that does not exist', { types: [['m.large', 'amd64', 2, 8, 0, [0.1, 0.05, '<1%']]] }],
    ['no day', { as_of: 'yesterday' }],
    ['an unknown key', { note: 'x' }],
    ['euros without their rate', { unit: 'eur_per_month' }],
  ])('%s', (_, change) => {
    expect(() => readPriceTable(good)).not.toThrow();
    expect(() => readPriceTable({ ...good, ...change })).toThrow();
  });
});
