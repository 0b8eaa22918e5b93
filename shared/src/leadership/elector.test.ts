import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Clock, ManualClock, type Random, seededRandom } from '../time/index.ts';
import { Elector, type LeasePort } from './index.ts';
import { createMemoryLease, type MemoryLease } from './memory-lease.ts';

const STEP_MS = 50;
const forever = () => new Promise<never>(() => {});

/** How the way between a process and the API server is. */
interface Network {
  latencyMsMax: number;
  /** This share of the calls fails before it arrives. */
  unsent: number;
  /** This share of the writes is carried out and its answer is lost. */
  lost: number;
  away: boolean;
}

/** One process: a clock that runs at its own rate, a way to the lease, and it can stand still or die. */
class Process {
  readonly elector: Elector;
  readonly terms: (number | null)[] = [];
  network: Network = { latencyMsMax: 0, unsent: 0, lost: 0, away: false };
  dead = false;
  #standing: { readonly until: Promise<void>; readonly goOn: () => void } | null = null;
  readonly #time: ManualClock;
  readonly #random: Random;

  constructor(self: string, lease: MemoryLease, time: ManualClock, seed: number, rate = 1, offsetMs = 0) {
    this.#time = time;
    this.#random = seededRandom(seed);
    const clock: Clock = {
      nowMs: () => offsetMs + time.nowMs() * rate,
      sleep: async (ms, signal) => {
        await time.sleep(ms / rate, signal);
        await this.#alive();
      },
    };
    const port: LeasePort = {
      read: () => this.#call(0, () => lease.read()),
      write: (wanted, version) => this.#call(this.network.lost, () => lease.write(wanted, version)),
    };
    this.elector = new Elector({ port, self, clock, wallClock: clock, random: seededRandom(seed + 1) });
    this.elector.start((term) => this.terms.push(term));
  }

  /** As SIGSTOP does: nothing goes on, time does. */
  stand(): void {
    if (this.#standing !== null) return;
    let goOn = () => {};
    const until = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    this.#standing = { until, goOn };
  }

  goOn(): void {
    this.#standing?.goOn();
    this.#standing = null;
  }

  async #alive(): Promise<void> {
    while (this.#standing !== null) await this.#standing.until;
    if (this.dead) await forever();
  }

  async #call<T>(lost: number, carryOut: () => Promise<T>): Promise<T> {
    await this.#alive();
    const { latencyMsMax, unsent, away } = this.network;
    const fate = this.#random.next();
    await this.#time.sleep(this.#random.next() * latencyMsMax);
    if (away || fate < unsent) throw new Error('503');
    const result = await carryOut();
    await this.#time.sleep(this.#random.next() * latencyMsMax);
    await this.#alive();
    if (fate > 1 - lost) throw new Error('reset');
    return result;
  }
}

class World {
  readonly time = new ManualClock(0);
  readonly lease = createMemoryLease();
  readonly processes: Process[] = [];
  /** Of every moment so far. */
  leadersMax = 0;
  #leaseSinceMs: number | null = null;

  add(rate = 1, offsetMs = 0): Process {
    const seed = 10 * this.processes.length + 1;
    const one = new Process(`p${this.processes.length}`, this.lease, this.time, seed, rate, offsetMs);
    this.processes.push(one);
    return one;
  }

  get leaseAgeMs(): number {
    return this.#leaseSinceMs === null ? 0 : this.time.nowMs() - this.#leaseSinceMs;
  }

  get leaders(): Process[] {
    return this.processes.filter((one) => !one.dead && one.elector.term() !== null);
  }

  async pass(ms: number): Promise<void> {
    const endMs = this.time.nowMs() + ms;
    while (this.time.nowMs() < endMs) {
      this.time.advanceTo(Math.min(endMs, this.time.nowMs() + STEP_MS));
      await this.turn();
    }
  }

  async turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#leaseSinceMs = this.lease.stored === null ? null : (this.#leaseSinceMs ?? this.time.nowMs());
    this.leadersMax = Math.max(this.leadersMax, this.leaders.length);
  }

  /** How long it took until somebody led; NaN when that was too long. */
  async untilLed(withinMs: number): Promise<number> {
    const startMs = this.time.nowMs();
    while (this.leaders.length === 0 && this.time.nowMs() - startMs <= withinMs) await this.pass(STEP_MS);
    return this.leaders.length === 0 ? Number.NaN : this.time.nowMs() - startMs;
  }
}

let world: World;
afterEach(() => {
  for (const one of world.processes) {
    one.dead = true;
    one.goOn();
  }
});

/** Two processes, of which the first leads. */
async function pair(): Promise<[World, Process, Process]> {
  world = new World();
  const first = world.add();
  await world.pass(16_000);
  const second = world.add();
  await world.pass(4_000);
  expect(world.leaders).toEqual([first]);
  return [world, first, second];
}

describe('an elector', () => {
  it('waits where there is no lease: it may have been deleted from somebody who leads', async () => {
    world = new World();
    const only = world.add();
    await world.pass(14_900);
    expect(only.terms).toEqual([]);
    await world.pass(300);
    expect(only.terms).toEqual([0]);
  });

  it('leads for as long as it renews', async () => {
    const [{ lease }, first, second] = await pair();
    await world.pass(120_000);
    expect([first.terms, second.terms]).toEqual([[0], []]);
    expect(lease.stored).toMatchObject({ holder: 'p0', transitions: 0, durationMs: 15_000 });
    expect(second.elector.holder()).toBe('p0');
  });

  it('crashed: the other one leads within 20 s, in the next term', async () => {
    const [, first, second] = await pair();
    first.dead = true;
    const tookMs = await world.untilLed(20_000);
    expect(tookMs).toBeGreaterThan(12_000);
    expect(tookMs).toBeLessThanOrEqual(20_000);
    expect(second.terms).toEqual([1]);
  });

  it('stopped: the other one leads in one wait', async () => {
    const [, first, second] = await pair();
    await first.elector.stop();
    expect(first.terms).toEqual([0, null]);
    expect(world.lease.stored?.holder).toBe('');
    expect(await world.untilLed(20_000)).toBeLessThanOrEqual(2_500);
    expect(second.terms).toEqual([1]);
  });

  it('stopped while it follows: the lease stays as it is', async () => {
    const [, , second] = await pair();
    await second.elector.stop();
    expect(world.lease.stored?.holder).toBe('p0');
  });

  it('cut off from the API server: stops 10 s after its last renewal, 5 s before anybody takes over', async () => {
    const [, first, second] = await pair();
    first.network.away = true;
    await world.pass(9_900 - 2_000);
    expect(world.leaders).toEqual([first]);
    await world.pass(2_200);
    expect(world.leaders).toEqual([]);
    expect(first.terms).toEqual([0, null]);
    expect(await world.untilLed(20_000)).toBeGreaterThan(2_500);
    first.network.away = false;
    await world.pass(5_000);
    expect(world.leaders).toEqual([second]);
    expect(world.leadersMax).toBe(1);
  });

  it('that cannot renew is told to be no leader although its call hangs', async () => {
    const [, first] = await pair();
    first.network.latencyMsMax = 1e9;
    await world.pass(12_500);
    expect(first.terms).toEqual([0, null]);
  });

  it('stood still for 30 s: leads no more from the moment on at which it goes on', async () => {
    const [, first, second] = await pair();
    first.stand();
    await world.pass(30_000);
    expect(world.leaders).toEqual([second]);
    expect(first.elector.term()).toBeNull();
    first.goOn();
    await world.pass(5_000);
    expect(world.leaders).toEqual([second]);
    expect([first.terms, second.terms]).toEqual([[0, null], [1]]);
  });

  it('whose acquisition was answered to nobody finds that it has the lease, and leads', async () => {
    world = new World();
    const only = world.add();
    only.network.lost = 1;
    await world.pass(15_500);
    expect(world.lease.stored?.holder).toBe('p0');
    expect(only.elector.term()).toBeNull();
    only.network.lost = 0;
    await world.pass(2_500);
    expect(only.terms).toEqual([0]);
  });

  it('the Lease deleted: whoever leads makes it anew', async () => {
    const [, first, second] = await pair();
    world.lease.remove();
    await world.pass(30_000);
    expect(world.leadersMax).toBe(1);
    expect([first.terms, second.terms]).toEqual([[0], []]);
    expect(world.lease.stored?.holder).toBe('p0');
  });

  it('told that its term is over does not act before the lease carries a later one', async () => {
    const [, first] = await pair();
    first.elector.outdate(6);
    expect(first.elector.term()).toBeNull();
    await world.pass(2_100);
    expect(first.terms).toEqual([0, null, 7]);
    expect(world.lease.stored?.transitions).toBe(7);
  });

  it('says how it goes', async () => {
    const lease = createMemoryLease();
    const health: string[] = [];
    const clock = new ManualClock(0);
    const port = { read: () => Promise.reject(new Error('403')), write: lease.write };
    world = new World();
    const elector = new Elector({
      port,
      self: 'a',
      clock,
      wallClock: clock,
      random: seededRandom(1),
      onHealth: (one) => health.push(one.ok ? 'ok' : one.reason),
    });
    elector.start(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    expect(health).toEqual(['403']);
    await elector.stop();
  });
});

describe('three electors', () => {
  it('never lead at the same moment, whatever happens to calls, clocks and processes; and one does in the end', async () => {
    const chance = (max: number) => fc.double({ min: 0, max, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1e6 }),
        // A day of drift is milliseconds; 15 % is a clock that is broken.
        fc.tuple(chance(0.3), chance(0.3), chance(0.3)),
        fc.record({ latencyMsMax: chance(4_000), unsent: chance(0.4), lost: chance(0.4) }),
        async (seed, drift, faults) => {
          world = new World();
          const random = seededRandom(seed);
          for (const one of drift) world.add(0.85 + one, random.below(1e9));
          for (const one of world.processes) one.network = { ...faults, away: false };
          for (let act = 0; act < 12; act++) {
            const one = world.processes[random.below(3)] as Process;
            const what = random.below(6);
            if (what === 0) one.stand();
            if (what === 1) one.network.away = true;
            // One that is deleted before all have seen it leaves no trace of whoever leads by it.
            if (what === 2 && world.leaseAgeMs > 20_000) world.lease.remove();
            if (what > 3) {
              one.goOn();
              one.network.away = false;
            }
            await world.pass(random.below(20_000));
          }
          // One dies, the others have it all back.
          const [dying] = world.leaders;
          if (dying) dying.dead = true;
          for (const one of world.processes) {
            one.goOn();
            one.network = { latencyMsMax: 200, unsent: 0, lost: 0, away: false };
          }
          const ledMs = await world.untilLed(40_000);
          for (const one of world.processes) one.dead = true;
          expect(world.leadersMax).toBeLessThanOrEqual(1);
          expect(ledMs).not.toBeNaN();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('after a crash one of the others leads within 20 s, with clocks 1 % off and calls of up to 250 ms', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), async (seed) => {
        world = new World();
        const random = seededRandom(seed);
        for (let i = 0; i < 3; i++) world.add(0.99 + 0.02 * random.next(), random.below(1e9));
        for (const one of world.processes) one.network.latencyMsMax = 125;
        await world.pass(30_000 + random.below(5_000));
        const [leader] = world.leaders;
        expect(leader).toBeDefined();
        (leader as Process).dead = true;
        expect(await world.untilLed(20_000)).toBeLessThanOrEqual(20_000);
        for (const one of world.processes) one.dead = true;
        expect(world.leadersMax).toBe(1);
      }),
      { numRuns: 60 },
    );
  });
});
