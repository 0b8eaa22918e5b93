import { type PoolConfig, parseConfig } from '@forescale/shared/config';
import { silentLog } from '@forescale/shared/telemetry';
import { ManualClock } from '@forescale/shared/time';
import { describe, expect, it } from 'vitest';
import type { AskPrices } from '../execute/index.ts';
import { priceBasis } from '../plan/index.ts';
import { completePool } from '../prices/index.ts';
import { ProviderError } from '../providers/errors.ts';
import { Scene, START_MS } from './fakes/scene.ts';
import { LivePrices } from './live-prices.ts';

const HOUR_MS = 3_600_000;
const MACHINES =
  'machines: [{ cloud: aws, regions: [us-east-1], zones: [us-east-1a], types: [m7i.large, m7i.xlarge] }]';

/** Two offerings of a static price after one that is configured. */
function poolOf(provider = '{ kind: simulated, url: "http://127.0.0.1:1" }', machines = MACHINES): PoolConfig {
  const text = `autoscaler: { pools: [{ name: web, provider: ${provider}, offerings: [{ instance_type: own, usd_per_hour: 0.5 }], ${machines} }] }`;
  return completePool(parseConfig(text, 'test', {}).pools[0] as PoolConfig, 0).pool;
}

/** A provider that answers as `answer` says, and how often it was asked. */
function told(answer: AskPrices, pool = poolOf()) {
  const clock = new ManualClock(0);
  let asked = 0;
  const ask: AskPrices = (offerings, ending) => {
    asked++;
    return answer(offerings, ending);
  };
  const prices = new LivePrices(pool, { pricesOf: () => ask }, { ioClock: clock, log: silentLog() });
  return { clock, prices, asked: () => asked, usd: () => prices.pool.offerings.map((one) => one.usdPerHour) };
}

describe('live prices', () => {
  it('take the place of static ones, never of configured ones', async () => {
    const { prices, usd } = told(async (offerings) => offerings.map((_, i) => 0.02 * (i + 1)));
    expect(priceBasis(prices.pool.offerings).source).toBe('static');
    await prices.refresh(0);
    expect(usd()).toEqual([0.5, 0.02, 0.04]);
    expect(prices.pool.offerings[1]?.price).toEqual({
      source: 'live',
      asOf: '1970-01-01T00:00:00.000Z',
      estimate: false,
    });
    expect(prices.trouble).toBeNull();
  });

  it('are asked for every hour', async () => {
    const { prices, asked } = told(async (offerings) => offerings.map(() => 0.01));
    for (const nowMs of [0, 60_000, HOUR_MS - 1]) await prices.refresh(nowMs);
    expect(asked()).toBe(1);
    await prices.refresh(HOUR_MS);
    expect(asked()).toBe(2);
  });

  it('that fail leave the last ones known, say so, and are asked for again sooner', async () => {
    let failing = true;
    const { prices, usd, asked } = told(async (offerings) => {
      if (failing) throw new ProviderError('auth', 'AccessDenied: pricing:GetProducts');
      return offerings.map(() => 0.03);
    });
    const before = usd();
    await prices.refresh(0);
    expect(usd()).toEqual(before);
    expect(prices.trouble).toBe('prices are not told: AccessDenied: pricing:GetProducts');
    await prices.refresh(9 * 60_000);
    expect(asked()).toBe(1);
    failing = false;
    await prices.refresh(10 * 60_000);
    expect(usd()).toEqual([0.5, 0.03, 0.03]);
    expect(prices.trouble).toBeNull();
    failing = true;
    await prices.refresh(2 * HOUR_MS);
    expect(usd()).toEqual([0.5, 0.03, 0.03]);
    expect(prices.trouble).toContain('AccessDenied');
  });

  it.each([
    ['not known', null],
    ['nothing', 0],
    ['less than nothing', -1],
    ['no number', Number.NaN],
    ['more than twenty times what the table says', 0.1008 * 21],
    ['less than a twentieth of it', 0.1008 / 21],
  ])('of an offering that are %s leave its last one', async (_, price) => {
    const { prices, usd } = told(async () => [0.05, price]);
    const before = usd().at(-1);
    await prices.refresh(0);
    expect(usd()).toEqual([0.5, 0.05, before]);
  });

  it('of another number than was asked for are none', async () => {
    const { prices, usd } = told(async () => [0.01]);
    const before = usd();
    await prices.refresh(0);
    expect(usd()).toEqual(before);
    expect(prices.trouble).toContain('1 prices for 2 offerings');
  });

  it('that take long are waited for 5 s, and count when they have come', async () => {
    const answer = Promise.withResolvers<readonly number[]>();
    const { clock, prices, usd, asked } = told(() => answer.promise);
    const before = usd();
    const refreshed = prices.refresh(0);
    clock.advanceTo(5_000);
    await refreshed;
    expect(usd()).toEqual(before);
    answer.resolve([0.02, 0.01]);
    await prices.refresh(60_000);
    expect(usd()).toEqual([0.5, 0.02, 0.01]);
    expect(asked()).toBe(1);
  });

  it('that are still under way when it ends are told to end', async () => {
    const endings: AbortSignal[] = [];
    const { clock, prices } = told((_, ending) => {
      endings.push(ending);
      return new Promise(() => undefined);
    });
    const refreshed = prices.refresh(0);
    clock.advanceTo(5_000);
    await refreshed;
    prices.stop();
    expect(endings.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it('of one provider of several hold although another one fails', async () => {
    const one = '{ kind: simulated, url: "http://127.0.0.1:1" }';
    const machines = `machines: [${['a', 'b'].map((name) => `{ provider: ${name}, cloud: aws, regions: [us-east-1], zones: [us-east-1a], types: [m7i.large] }`).join(', ')}]`;
    const pool = poolOf(`{ kind: mixed, providers: { a: ${one}, b: ${one} } }`, machines);
    const pricesOf = (name: string): AskPrices =>
      name === 'a' ? async (offerings) => offerings.map(() => 0.01) : () => Promise.reject(new Error('away'));
    const prices = new LivePrices(pool, { pricesOf }, { ioClock: new ManualClock(0), log: silentLog() });
    await prices.refresh(0);
    expect(prices.pool.offerings.map((offering) => offering.price?.source)).toEqual([undefined, 'live', 'static']);
    expect(prices.trouble).toBe('prices are not told by b: away');
  });
});

describe('an actuator whose cloud tells prices', () => {
  const enforce = `      mode: enforce\n      ${MACHINES}`;

  it('buys by them from the first tick on, and says what its sums rest on', async () => {
    const scene = await Scene.create(enforce, undefined, '', ({ cloud }) => {
      cloud.prices = async (offerings) => offerings.map((one) => (one.instanceType === 'm7i.xlarge' ? 0.02 : 0.9));
    });
    await scene.tick();
    expect(scene.plan.actions).toMatchObject([{ kind: 'create', target: 'm7i.xlarge us-east-1a on_demand' }]);
    expect(scene.plan.prices).toEqual({ source: 'live', as_of: '2026-03-02T09:00:00.000Z', estimate: false });
  });

  it('counts its nodes at what they cost now', async () => {
    let usd = 0.02;
    const scene = await Scene.create(enforce, undefined, '', ({ cloud }) => {
      cloud.prices = async (offerings) => offerings.map(() => usd);
    });
    await scene.ticks(10);
    const { ready } = scene.plan;
    expect(scene.plan.usd_per_hour).toBeCloseTo(ready * 0.02);
    usd = 0.03;
    await scene.ticks(60);
    expect(scene.plan.usd_per_hour).toBeCloseTo(scene.plan.ready * 0.03);
  });

  it('goes on listing and buying where it may not read them', async () => {
    const scene = await Scene.create(enforce, undefined, '', ({ cloud }) => {
      cloud.prices = () => Promise.reject(new ProviderError('auth', 'AccessDenied'));
    });
    await scene.actuator.tick(START_MS);
    // Sooner than a breaker that the refusal had opened would close again.
    scene.clock.advanceTo(START_MS + 20_000);
    await scene.actuator.tick(START_MS + 20_000);
    expect((await scene.readiness.report()).reasons).not.toHaveProperty('provider of pool web');
    await scene.ticks(5);
    expect(scene.plan.ready).toBeGreaterThan(0);
    expect(scene.plan.prices?.source).toBe('static');
    expect(scene.actuator.pools(scene.clock.nowMs())[0]?.priceTrouble).toBe('prices are not told: AccessDenied');
  });
});
