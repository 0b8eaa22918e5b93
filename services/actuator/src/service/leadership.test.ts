import { POOL_LABEL } from '@forescale/shared/config';
import { subjects } from '@forescale/shared/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { type Replica, Site } from './fakes/replicas.ts';

const MINUTE_MS = 60_000;

const open: Site[] = [];
afterEach(async () => {
  for (const site of open.splice(0)) await site.close();
});

/** Two replicas, of which the first leads and has bought what the load needs. */
async function pair(provider = ''): Promise<[Site, Replica, Replica]> {
  const site = await Site.create(provider);
  open.push(site);
  const first = await site.add();
  await site.pass(20_000);
  const second = await site.add();
  await site.pass(3 * MINUTE_MS - 20_000);
  expect(site.leaders).toEqual([first.name]);
  expect(site.cluster.nodes.size).toBe(2);
  return [site, first, second];
}

/** One request, one machine, and as many of them as are wanted. */
function expectExactly(site: Site, wanted: number): void {
  // A request that was tried under two tokens may have made two machines, of which one is gone by now.
  const everMade = [...site.cloud.madeByToken.values()].map((machine) => machine.requestId);
  expect(new Set(everMade).size).toBe(everMade.length);
  expect(site.requested).toHaveLength(wanted);
  expect(new Set(site.requested).size).toBe(wanted);
}

const request = (site: Site) => {
  const until = new Date(site.clock.nowMs() + 10 * MINUTE_MS).toISOString();
  return new TextEncoder().encode(JSON.stringify({ min: 5, until, by: 'ops', why: 'test' }));
};

describe('two actuators', () => {
  it('one acts; the other one stands by, is ready, and says so', async () => {
    const [site, first, second] = await pair();
    await site.pass(3 * MINUTE_MS);
    expect(new Set(site.sent.map(({ replica }) => replica))).toEqual(new Set([first.name]));
    expect(await first.readiness.report()).toEqual({ ready: true, reasons: {}, role: 'leader' });
    expect(await second.readiness.report()).toEqual({ ready: true, reasons: {}, role: 'follower' });
    const rows = await site.store.query({ measurement: 'plan', fields: ['ready'], limit: 100 });
    expect(rows).toHaveLength(7);
  });

  it('who stands by knows of other autoscalers when its turn comes, though they cannot be read just then', async () => {
    const [site, first, second] = await pair();
    const unread = [{ part: 'nodePools', text: 'NodePools: HTTP 500', isRefused: false } as const];
    site.surroundings.facts = { ...site.surroundings.facts, unread };
    await site.pass(10 * MINUTE_MS);
    site.load = 950;
    first.kill();
    await site.until('the other one acts', 20_000, () =>
      site.sent.some(({ replica, call }) => replica === second.name && call === 'create'),
    );
  });

  it('the leader is killed when the load rises: the other one acts within 20 s, on the same journal', async () => {
    const [site, first, second] = await pair();
    site.load = 950;
    await site.pass(20_000);
    first.kill();
    const tookMs = await site.until('the other one acts', 20_000, () =>
      site.sent.some(({ replica, call }) => replica === second.name && call === 'create'),
    );
    expect(tookMs).toBeLessThanOrEqual(20_000);
    await site.pass(4 * MINUTE_MS);
    expectExactly(site, 10);
    expect(await second.readiness.report()).toEqual({ ready: true, reasons: {}, role: 'leader' });
  });

  it('the leader is stopped: it ends its tick, gives the lease back, and the other one acts in 3 s', async () => {
    const [site, first, second] = await pair();
    site.load = 950;
    await site.pass(20_000);
    await first.stop();
    const before = site.sent.length;
    await site.until('the other one acts', 3_000, () => site.sent.length > before);
    await site.pass(5_000);
    expect(site.sent.slice(before).every(({ replica }) => replica === second.name)).toBe(true);
    expectExactly(site, 10);
    expect((await first.readiness.report()).role).toBe('follower');
  });

  it('an override is answered by the leader alone, whoever that is', async () => {
    const [site, first, second] = await pair();
    await expect(second.actuator.override('web', request(site), 'http 127.0.0.1')).rejects.toThrow(
      'write override.web: not done, replica-0 leads and this process may not act',
    );
    const answers = async () => {
      const { data } = await site.bus.request(subjects.override('web'), request(site), 1_000);
      return (JSON.parse(new TextDecoder().decode(data)) as { ok: boolean }).ok;
    };
    expect(await answers()).toBe(true);
    await first.stop();
    await site.pass(5_000);
    expect(await answers()).toBe(true);
    await site.pass(MINUTE_MS);
    expectExactly(site, 5);
  });

  it('one that loses the lease while it begins to listen answers nothing', async () => {
    const [site, first, second] = await pair();
    let go = () => {};
    second.respondsAfter = new Promise((resolve) => {
      go = resolve;
    });
    first.kill();
    await site.until('the other one leads', 25_000, () => site.leaders.includes(second.name));
    await site.pass(1_000);
    second.leaseAway = true;
    await site.until('it leads no more', 25_000, () => site.leaders.length === 0);
    go();
    await site.turn();
    expect(second.responders).toBe(0);
  });

  it('a process that leads again still knows of another writer, and tells of it once', async () => {
    const site = await Site.create();
    open.push(site);
    const only = await site.add();
    const labels = { [POOL_LABEL]: 'web', 'eks.amazonaws.com/nodegroup': 'main' };
    site.cluster.addNode({ name: 'ip-1', labels });
    await site.pass(2 * MINUTE_MS);
    only.leaseAway = true;
    await site.pass(2 * MINUTE_MS);
    expect(site.leaders).toEqual([]);
    site.cluster.nodes.delete('ip-1');
    only.leaseAway = false;
    await site.pass(2 * MINUTE_MS);
    expect(site.leaders).toEqual([only.name]);
    expect(site.requested).toEqual([]);
    expect(site.cluster.events.filter(({ reason }) => reason === 'OtherWriter')).toHaveLength(1);
    await site.pass(12 * MINUTE_MS);
    expect(site.requested).toHaveLength(2);
  });

  it('a lease that was deleted counts from 0 again: terms go on from what the bucket knows', async () => {
    const [site, first, second] = await pair();
    first.kill();
    second.kill();
    site.lease.remove();
    await site.state.put('leader', new TextEncoder().encode('{"term":7,"holder":"long gone"}'));
    const third = await site.add();
    const terms: (number | null)[] = [];
    for (let seconds = 0; seconds < 20; seconds++) {
      await site.pass(1_000);
      terms.push(third.elector.term());
    }
    // Elected in the term 0, it acts in none that the bucket knows to be over.
    expect(new Set(terms)).toEqual(new Set([null, 8]));
    expect(third.elector.term()).toBe(8);
    expect(site.lease.stored?.transitions).toBe(8);
    site.load = 950;
    await site.pass(2 * MINUTE_MS);
    expectExactly(site, 10);
  });

  it('the bucket away: the new leader decides and tells, and does nothing', async () => {
    const [site, first, second] = await pair();
    site.load = 950;
    await site.pass(20_000);
    first.kill();
    site.state.away = true;
    const before = site.sent.length;
    await site.pass(2 * MINUTE_MS);
    expect(site.leaders).toEqual([second.name]);
    expect(site.sent.slice(before)).toEqual([]);
    expect((await second.readiness.report()).reasons.term).toBe('the bucket is away');
    site.state.away = false;
    await site.pass(2 * MINUTE_MS);
    expectExactly(site, 10);
  });
});

describe('a leader that leads no more', () => {
  it('cut off from the Lease while it buys one machine a second: stops in the middle, the other one goes on', async () => {
    const [site, first, second] = await pair(', rate_per_second: 1');
    site.load = 2_950;
    await site.until('it has begun', 2 * MINUTE_MS, () => site.cloud.running.length > 4);
    first.leaseAway = true;
    const cutOffMs = site.clock.nowMs();
    await site.pass(20_000);
    const lastSentMs = Math.max(...site.sent.filter((one) => one.replica === first.name).map((one) => one.timeMs));
    const firstSentMs = site.sent.find((one) => one.replica === second.name)?.timeMs ?? Number.NaN;
    expect(lastSentMs - cutOffMs).toBeGreaterThan(5_000);
    expect(lastSentMs - cutOffMs).toBeLessThanOrEqual(10_000);
    expect(firstSentMs - lastSentMs).toBeGreaterThan(3_000);
    const { data } = await site.bus.request(subjects.override('web'), request(site), 1_000);
    expect(new TextDecoder().decode(data)).toMatch(/^{"ok":true/);
    await site.pass(4 * MINUTE_MS);
    expectExactly(site, 30);
    expect(site.cloud.madeByToken.size).toBe(30);
    first.leaseAway = false;
    await site.pass(MINUTE_MS);
    expect(site.leaders).toEqual([second.name]);
    expect(await first.readiness.report()).toEqual({ ready: true, reasons: {}, role: 'follower' });
  });

  it('leads again later, and knows what the other one did meanwhile', async () => {
    const [site, first, second] = await pair();
    first.leaseAway = true;
    site.load = 950;
    await site.pass(3 * MINUTE_MS);
    expect(site.leaders).toEqual([second.name]);
    expectExactly(site, 10);
    first.leaseAway = false;
    site.load = 1_250;
    await site.pass(10_000);
    await second.stop();
    const before = site.sent.length;
    await site.pass(5_000);
    expect(site.leaders).toEqual([first.name]);
    expect(site.sent.slice(before).filter(({ call }) => call === 'create')).toHaveLength(3);
    expectExactly(site, 13);
    expect(await first.readiness.report()).toEqual({ ready: true, reasons: {}, role: 'leader' });
  });

  /** Prepares a site, and has the first replica stand still for 40 s, once at each step of what it does then. */
  async function standAtEveryStep(
    prepare: (site: Site) => Promise<void>,
    withinMs: number,
    check: (site: Site, what: string) => void,
  ): Promise<number> {
    for (let step = 1; ; step++) {
      const [site, first] = await pair();
      await prepare(site);
      first.standAt = first.steps + step;
      for (let ms = 0; ms < withinMs && !first.stands; ms += 1_000) await site.pass(1_000);
      if (!first.stands) return step;
      await site.pass(40_000);
      const before = site.sent.length;
      first.goOn();
      await site.pass(2 * MINUTE_MS);
      const what = `stood still at step ${step}`;
      // What nobody has touched since it wrote it, it may take back.
      const late = site.sent.slice(before).filter(({ replica, call }) => replica === first.name && call !== 'delete');
      expect(late, what).toEqual([]);
      // What a stale leader has decided under the same number is told by nobody.
      expect(new Set(site.told).size, what).toBe(site.told.length);
      check(site, what);
      await site.close();
    }
  }

  it('stood still at any step of a tick that buys: begins nothing when it goes on, and nothing is made twice', async () => {
    const steps = await standAtEveryStep(
      async (site) => {
        site.load = 650;
      },
      MINUTE_MS,
      (site, what) => {
        expectExactly(site, 7);
        expect(site.cloud.madeByToken.size, what).toBe(7);
      },
    );
    expect(steps).toBeGreaterThan(30);
  });

  it('stood still at any step of a tick that drains: begins nothing when it goes on, and the rest stays', async () => {
    const steps = await standAtEveryStep(
      async (site) => {
        site.load = 350;
        await site.pass(3 * MINUTE_MS);
        for (const name of site.cluster.nodes.keys()) {
          site.cluster.addPod({ name: `web-on-${name}`, nodeName: name });
          site.cluster.addPod({ name: `agent-on-${name}`, nodeName: name, ownerKind: 'DaemonSet' });
        }
        site.load = 150;
        await site.pass(2 * MINUTE_MS);
      },
      4 * MINUTE_MS,
      (site, what) => {
        expectExactly(site, 2);
        expect([...site.cluster.nodes.keys()].sort(), what).toEqual(site.requested);
        expect(site.cluster.pods.size, what).toBe(4);
        // Only what dies with its node was not evicted.
        expect(site.cluster.deletedPods, what).toEqual([
          expect.stringMatching(/^agent/),
          expect.stringMatching(/^agent/),
        ]);
      },
    );
    expect(steps).toBeGreaterThan(30);
  });
});
