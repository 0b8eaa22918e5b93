import { describe, expect, test } from 'vitest';
import { startFixture } from '../../test/fixture-server.ts';
import type { Api } from './feed.js';
import { createFeed } from './feed.js';

const DAY_S = 86_400;

/** The API of the fixture, and how many cells were asked of it. */
async function connect(minutesPerPoll: number) {
  const fixture = await startFixture({ minutesPerPoll });
  const get = async (path: string) => await (await fetch(`${fixture.url}api/v1/${path}`)).json();
  const asked: number[] = [];
  const api: Api = {
    pools: () => get('pools'),
    sources: () => get('sources'),
    forecast: (pool) => get(`forecast?pool=${pool}`),
    plan: (pool, decisions) => get(`plan?pool=${pool}&decisions=${decisions}`),
    history: ({ fromS, toS, points }) => {
      asked.push(points);
      return get(`history?from=${fromS}&to=${toS}&points=${points}`);
    },
  };
  return { ...fixture, api, asked };
}

describe('createFeed', () => {
  test('after the first time only the newest cells are read, and the result is that of reading all', async () => {
    const { api, asked, knobs, close } = await connect(7);
    const selection = { pool: 'web', signal: 'requests', rangeS: DAY_S };
    const feed = createFeed(api);
    await feed.read(selection);
    asked.length = 0;
    for (let i = 0; i < 5; i++) await feed.read(selection);
    expect(Math.max(...asked)).toBeLessThan(20);
    knobs.minutesPerPoll = 0;
    const carried = await feed.read(selection);
    const whole = await createFeed(api).read(selection);
    expect(carried.history).toEqual(whole.history);
    expect(carried.nowS - (carried.history?.timesS.at(-1) ?? 0)).toBeLessThan(60);
    await close();
  });

  test('coarse cells stay on one grid while the end is as fresh as can be', async () => {
    const { api, close } = await connect(11);
    const feed = createFeed(api);
    const selection = { pool: null, signal: null, rangeS: 7 * DAY_S };
    await feed.read(selection);
    for (let i = 0; i < 4; i++) await feed.read(selection);
    const { history, nowS } = await feed.read(selection);
    const stepS = history?.stepS ?? 0;
    const coarse = (history?.timesS ?? []).filter((timeS) => timeS <= Math.floor(nowS / stepS) * stepS);
    expect(stepS).toBeGreaterThan(60);
    expect(coarse.every((timeS) => timeS % stepS === 0)).toBe(true);
    expect(nowS - (history?.timesS.at(-1) ?? 0)).toBeLessThan(60);
    await close();
  });

  test('everything: from the first sample on', async () => {
    const { api, close } = await connect(1);
    const { rangeS, history } = await createFeed(api).read({ pool: null, signal: null, rangeS: null });
    expect(rangeS / DAY_S).toBeCloseTo(12, 0);
    expect(history?.timesS.length).toBeLessThan(1500);
    await close();
  });

  test('time that went back begins anew', async () => {
    const { api, asked, knobs, close } = await connect(1);
    const selection = { pool: 'web', signal: 'requests', rangeS: DAY_S };
    const feed = createFeed(api);
    await feed.read(selection);
    knobs.minute -= 5000;
    asked.length = 0;
    const { history, nowS } = await feed.read(selection);
    expect(Math.max(...asked)).toBe(1440);
    expect(history?.timesS.at(-1)).toBeLessThanOrEqual(nowS);
    await close();
  });
});
