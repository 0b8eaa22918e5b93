import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { driven, failureOf, signal } from '../driver.ts';
import { whyNoModels } from './service-model.ts';
import { type AwsTarget, ON_DEMAND, openMachines, SPOT } from './target.ts';

describe.skipIf(whyNoModels())('aws, prices', () => {
  let target: AwsTarget;
  beforeEach(async () => {
    target = await openMachines();
  });
  afterEach(() => target.close());

  const prices = (offerings: readonly (typeof ON_DEMAND)[]) =>
    driven(target, target.provider.prices?.(offerings, signal()) ?? Promise.resolve([]));

  it('spot by zone, on demand by region, null for what nobody names', async () => {
    target.endpoint.ec2.spotPrices.set('m6i.large us-east-1b', 0.045);
    target.endpoint.priceList.onDemand.set('m6i.large eu-west-1', 0.107);
    const inIreland = { region: 'eu-west-1', zone: 'eu-west-1a' };
    expect(
      await prices([
        SPOT,
        { ...SPOT, zone: 'us-east-1b' },
        { ...SPOT, zone: 'us-east-1c' },
        ON_DEMAND,
        { ...ON_DEMAND, ...inIreland },
        { ...ON_DEMAND, ...inIreland, instanceType: 'm6i.metal' },
        { ...ON_DEMAND, region: 'cn-north-1', zone: 'cn-north-1a' },
      ]),
    ).toEqual([0.031, 0.045, null, 0.096, 0.107, null, null]);
  });

  it('many pages are one price list', async () => {
    target.endpoint.pageSize = 1;
    expect(await prices([SPOT, { ...SPOT, zone: 'us-east-1b' }])).toEqual([0.031, 0.031]);
  });

  it('each machine type is asked for once, and the region that answers for prices', async () => {
    await prices([ON_DEMAND, { ...ON_DEMAND, zone: 'us-east-1b' }, ON_DEMAND, SPOT, SPOT]);
    expect(target.endpoint.calls.map(({ operation, region }) => [operation, region]).sort()).toEqual([
      ['DescribeSpotPriceHistory', 'us-east-1'],
      ['GetProducts', 'us-east-1'],
    ]);
  });

  it('a price that is none is none', async () => {
    target.endpoint.priceList.onDemand.set('m6i.large us-east-1', 0);
    target.endpoint.ec2.spotPrices.set('m6i.large us-east-1a', 0);
    expect(await prices([ON_DEMAND, SPOT])).toEqual([null, null]);
  });

  it('what is refused is told', async () => {
    target.endpoint.fail('read', 'auth', 1);
    expect(await failureOf(prices([ON_DEMAND]))).toMatchObject({ errorClass: 'auth' });
  });
});
