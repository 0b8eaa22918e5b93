import { ManualClock, seededRandom } from '@forescale/shared/time';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProviderError } from '../errors.ts';
import { GroupSize } from './group-size.ts';

const START_MS = 1_000_000;
const signal = () => new AbortController().signal;

/** A server whose sizes change by differences, at its own pace. */
class Server {
  readonly clock = new ManualClock(START_MS);
  target = 5;
  highest = 5;
  /** How long after the call a change is carried out; null: never. */
  lateMs: number | null = 0;
  loses = false;
  readonly sent: number[] = [];
  #due: { readonly atMs: number; readonly delta: number }[] = [];

  open(): GroupSize {
    return new GroupSize({ read: async () => this.#now(), change: (delta) => this.#change(delta) }, this.clock);
  }

  async driven<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const end = () => {
      done = true;
    };
    work.then(end, end);
    while (!done) {
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
      if (!done) this.clock.advanceTo(this.clock.nowMs() + 1_000);
    }
    return await work;
  }

  #now(): number {
    const isDue = ({ atMs }: { readonly atMs: number }) => this.clock.nowMs() >= atMs;
    for (const { delta } of this.#due.filter(isDue)) this.target += delta;
    this.highest = Math.max(this.highest, this.target);
    this.#due = this.#due.filter((one) => !isDue(one));
    return this.target;
  }

  async #change(delta: number): Promise<void> {
    this.sent.push(delta);
    if (this.lateMs !== null) this.#due.push({ atMs: this.clock.nowMs() + this.lateMs, delta });
    if (this.loses) throw new ProviderError('transient', 'the connection was reset');
  }
}

describe('the size of a group', () => {
  it('is changed by what is missing', async () => {
    const server = new Server();
    expect(await server.driven(server.open().raise(8, START_MS, signal()))).toBe(true);
    expect(server).toMatchObject({ sent: [3] });
    expect(await server.driven(server.open().raise(8, START_MS, signal()))).toBe(false);
    expect(await server.driven(server.open().raise(2, START_MS, signal()))).toBe(false);
    expect(server.sent).toEqual([3]);
  });

  it.each([0, 1_000, 29_000])('after a lost answer, carried out %i ms later, is not raised again', async (lateMs) => {
    const server = Object.assign(new Server(), { loses: true, lateMs });
    const size = server.open();
    await expect(server.driven(size.raise(8, START_MS, signal()))).rejects.toThrow('reset');
    server.loses = false;
    expect(await server.driven(size.raise(8, START_MS, signal()))).toBe(false);
    expect(server.sent).toEqual([3]);
  });

  it('after a lost answer that comes to nothing is raised again', async () => {
    const server = Object.assign(new Server(), { loses: true, lateMs: null });
    const size = server.open();
    await expect(server.driven(size.raise(8, START_MS, signal()))).rejects.toThrow('reset');
    Object.assign(server, { loses: false, lateMs: 0 });
    const sinceMs = server.clock.nowMs();
    expect(await server.driven(size.raise(9, START_MS, signal()))).toBe(true);
    expect(server.clock.nowMs() - sinceMs).toBeGreaterThanOrEqual(29_000);
    expect(server.sent).toEqual([3, 4]);
  });

  it('is not raised from a size that is shown late', async () => {
    const server = Object.assign(new Server(), { lateMs: 10_000 });
    const size = server.open();
    await server.driven(size.raise(8, START_MS, signal()));
    await server.driven(size.raise(9, START_MS, signal()));
    expect(server.sent).toEqual([3, 1]);
  });

  it('is left alone by a process that takes over while one before it may be at work', async () => {
    const server = Object.assign(new Server(), { loses: true, lateMs: 20_000 });
    await expect(server.driven(server.open().raise(8, START_MS, signal()))).rejects.toThrow('reset');
    server.loses = false;
    server.clock.advanceTo(START_MS + 5_000);
    expect(await server.driven(server.open().raise(8, START_MS, signal()))).toBe(false);
    expect(server.sent).toEqual([3]);
  });

  it('is raised at once for what a new process was the first to ask for', async () => {
    const server = new Server();
    expect(await server.driven(server.open().raise(6, START_MS, signal()))).toBe(true);
    expect(server.clock.nowMs()).toBe(START_MS);
  });

  it('is given up with its call while it is in doubt', async () => {
    const server = Object.assign(new Server(), { loses: true, lateMs: null });
    const size = server.open();
    const call = new AbortController();
    await expect(server.driven(size.raise(8, START_MS, signal()))).rejects.toThrow('reset');
    const again = size.raise(8, START_MS, call.signal);
    call.abort();
    await expect(server.driven(again)).rejects.toMatchObject({ errorClass: 'transient', ambiguous: true });
    expect(server.sent).toEqual([3]);
  });

  it('never passes what was wanted at most, whatever is lost or late, and comes to what is wanted in the end', async () => {
    const step = fc.record({ size: fc.integer({ min: 0, max: 12 }), pauseMs: fc.constantFrom(0, 500, 20_000, 60_000) });
    const run = fc.record({
      steps: fc.array(step, { minLength: 1, maxLength: 6 }),
      seed: fc.integer({ min: 1, max: 2 ** 30 }),
    });
    await fc.assert(
      fc.asyncProperty(run, async ({ steps, seed }) => {
        const server = new Server();
        const random = seededRandom(seed);
        let size = server.open();
        let most = server.target;
        for (const { size: wanted, pauseMs } of steps) {
          Object.assign(server, {
            loses: random.next() < 0.5,
            lateMs: random.next() < 0.3 ? null : random.below(25_000),
          });
          if (!server.loses) server.lateMs = 0;
          most = Math.max(most, wanted);
          const both = [size.raise(wanted, START_MS, signal()), size.raise(wanted, START_MS, signal())];
          await server.driven(Promise.allSettled(both));
          server.clock.advanceTo(server.clock.nowMs() + pauseMs);
          if (random.next() < 0.3) size = server.open();
        }
        Object.assign(server, { loses: false, lateMs: 0 });
        await server.driven(size.raise(most, START_MS, signal()));
        server.clock.advanceTo(server.clock.nowMs() + 60_000);
        await server.driven(size.raise(0, START_MS, signal()));
        expect(server).toMatchObject({ target: most, highest: most });
      }),
      { numRuns: 100 },
    );
  });
});
