import { type PoolConfig, parseConfig } from '@forescale/shared/config';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseMachines } from './choose-machines.ts';
import { type Cloud, priceTableOf } from './tables.ts';

function poolOf(machines: object, template: object = {}): PoolConfig {
  const pool = { name: 'web', template, machines: [{ regions: ['us-east-1'], cloud: 'aws', ...machines }] };
  return parseConfig(JSON.stringify({ autoscaler: { pools: [pool] } }), 'test', {}).pools[0] as PoolConfig;
}

function choose(machines: object, template: object = {}, cloud: Cloud = 'aws') {
  const pool = poolOf({ cloud, ...machines }, template);
  return chooseMachines(pool.machines[0] as PoolConfig['machines'][number], priceTableOf(cloud), pool.template);
}

const typesOf = (choice: ReturnType<typeof choose>) => [...new Set(choice.offerings.map((one) => one.instanceType))];
const reasonFor = (choice: ReturnType<typeof choose>, type: string) =>
  choice.refused.find(({ instanceType }) => instanceType === type);

describe('machines: what is asked for', () => {
  it('is bought in every zone of the region, on demand and of amd64 where nothing else is said', () => {
    const choice = choose({ families: ['m7i', 'm7g'], cpu: { max: 4 } });
    expect(typesOf(choice)).toEqual(['m7i.xlarge', 'm7i.large']);
    expect(new Set(choice.offerings.map(({ zone }) => zone)).size).toBe(5);
    expect(choice.offerings.at(-5)).toEqual({
      provider: '',
      instanceType: 'm7i.large',
      region: 'us-east-1',
      zone: 'us-east-1a',
      capacityType: 'on_demand',
      usdPerHour: 0.1008,
      price: { source: 'static', asOf: '2026-07-20', estimate: false },
      allocatable: expect.objectContaining({ cpuMillicores: 1_930, pods: 110 }),
      interruption: null,
    });
  });

  it('spot has its band and its own price, which is an estimate', () => {
    const choice = choose({ types: ['m7i.large'], zones: ['us-east-1b'], capacity_types: ['spot', 'on_demand'] });
    expect(choice.offerings).toHaveLength(2);
    expect(choice.offerings[0]).toMatchObject({
      capacityType: 'spot',
      interruption: '15-20%',
      price: { source: 'static', asOf: '2025-06-28', estimate: true },
    });
  });

  it.each([
    [{ exclude: ['t3.*'] }, {}, 't3.large', 'excluded', 'exclude names t3.*'],
    [{ types: ['m7i.*large'] }, {}, 'c6i.xlarge', 'type', 'is none of types'],
    [{ families: ['m7i'] }, {}, 'c6i.xlarge', 'family', 'family c6i is none of families'],
    [{}, {}, 'm7g.large', 'architecture', 'is arm64, asked for is amd64'],
    [{ cpu: { min: 4 } }, {}, 'm7i.large', 'cpu', 'has 2 CPUs, asked for are others'],
    [{ memory: { max: '16Gi' } }, {}, 'm7i.2xlarge', 'memory', 'has 32 GiB, asked for is another size'],
    [{}, {}, 'g5.xlarge', 'gpus', 'has 1 GPUs, asked for are others'],
    [{}, { labels: { 'kubernetes.io/arch': 'arm64' } }, 'm7i.large', 'template', 'is amd64, and the template'],
    [
      {},
      { labels: { 'node.kubernetes.io/instance-type': 'm7i.large' } },
      'm7i.xlarge',
      'template',
      "the template's labels ask for another place or type",
    ],
    [
      { gpus: { min: 0, max: 1 } },
      { allocatable: { cpu: 4, memory: '16Gi', gpus: 1 } },
      'm7i.large',
      'too-small',
      'nothing',
    ],
    [{ max_offerings: 5 }, {}, 'm7i.large', 'max-offerings', 'max_offerings = 5 is reached by cheaper types'],
  ])('%j, template %j: refuses %s for %s', (machines, template, type, code, text) => {
    expect(reasonFor(choose(machines, template), type)).toMatchObject({ code, text: expect.stringContaining(text) });
  });

  it('a type that is not sold so in any of the regions', () => {
    const choice = choose({ regions: ['fsn1'], capacity_types: ['spot'] }, {}, 'hetzner');
    expect(choice.offerings).toEqual([]);
    expect(reasonFor(choice, 'cx33')).toMatchObject({ code: 'region', text: expect.stringContaining('spot, in fsn1') });
  });

  it("the template's labels are agreed with: architecture, zone", () => {
    const labels = { 'kubernetes.io/arch': 'arm64', 'topology.kubernetes.io/zone': 'us-east-1b' };
    const choice = choose({ families: ['m7g', 'm7i'] }, { labels });
    expect(typesOf(choice)).toEqual(expect.arrayContaining(['m7g.large', 'm7g.4xlarge']));
    expect(new Set(choice.offerings.map(({ zone }) => zone))).toEqual(new Set(['us-east-1b']));
  });

  it('the cheapest for what they carry of the template come first, types whole', () => {
    const template = { allocatable: { cpu: '3900m', memory: '7Gi' } };
    const choice = choose({ families: ['c6i', 'm6i', 'r6i'], max_offerings: 12 }, template);
    expect(typesOf(choice)).toEqual(['c6i.2xlarge', 'c6i.4xlarge']);
    expect(choice.offerings).toHaveLength(10);
  });

  it('a region that the table does not have is bought in by its zones, at an estimate', () => {
    const choice = choose({ regions: ['eu-west-1'], zones: ['eu-west-1a'], types: ['m7i.large'] });
    expect(choice.offerings).toMatchObject([{ zone: 'eu-west-1a', usdPerHour: 0.1008, price: { estimate: true } }]);
  });

  it('zones belong to their own region where there are several', () => {
    const choice = choose({
      regions: ['us-east-1', 'eu-central-1'],
      zones: ['us-east-1e', 'eu-central-1a'],
      types: ['m7i.large'],
    });
    expect(choice.offerings.map(({ region, zone }) => `${region} ${zone}`)).toEqual([
      'us-east-1 us-east-1e',
      'eu-central-1 eu-central-1a',
    ]);
  });
});

describe('machines: whatever is asked for', () => {
  const asked = fc.record(
    {
      families: fc.uniqueArray(fc.constantFrom('m7g', 'm7i', 'c7g', 't3', 'g5', 'none'), { minLength: 1 }),
      exclude: fc.uniqueArray(fc.constantFrom('*.large', 'm7?.xlarge', 't3.*', 'x'), { maxLength: 2 }),
      architectures: fc.uniqueArray(fc.constantFrom('amd64', 'arm64'), { minLength: 1 }),
      capacity_types: fc.uniqueArray(fc.constantFrom('on_demand', 'spot'), { minLength: 1 }),
      zones: fc.constant(['us-east-1a', 'us-east-1b']),
      cpu: fc.constantFrom({ min: 2, max: 8 }, { min: 16 }, { max: 2 }),
      gpus: fc.constantFrom({ max: 4 }, { min: 1 }),
      max_offerings: fc.integer({ min: 1, max: 60 }),
    },
    { requiredKeys: [] },
  );

  it('every type is bought or refused, once, and no more is bought than was asked for', () => {
    const table = priceTableOf('aws');
    fc.assert(
      fc.property(asked, (machines) => {
        const choice = choose(machines);
        const told = [...typesOf(choice), ...choice.refused.map(({ instanceType }) => instanceType)];
        expect(told.toSorted()).toEqual([...table.types.keys()].toSorted());
        expect(choice.offerings.length).toBeLessThanOrEqual(machines.max_offerings ?? 100);
        for (const { instanceType, capacityType, usdPerHour } of choice.offerings) {
          const type = table.types.get(instanceType);
          expect(machines.architectures ?? ['amd64']).toContain(type?.architecture);
          expect(machines.capacity_types ?? ['on_demand']).toContain(capacityType);
          if (machines.families) expect(machines.families).toContain(type?.family);
          expect(usdPerHour).toBeGreaterThan(0);
        }
      }),
      { numRuns: 200 },
    );
  });
});
