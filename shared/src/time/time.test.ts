import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, ManualClock, parseDurationMs, seededRandom, systemClock } from './index.ts';

describe('durations', () => {
  it.each<[text: string, ms: number | null]>([
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['28d', 2_419_200_000],
    ['250ms', 250],
    ['1.5h', 5_400_000],
    ['0s', 0],
    ['', null],
    ['90', null],
    ['s', null],
    ['-5m', null],
    ['+5m', null],
    ['5 m', null],
    ['5M', null],
    ['1h 30m', null],
    ['1e3s', null],
    ['5m\n', null],
    ['5w', null],
  ])('"%s" is %s ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each<[ms: number, text: string]>([
    [0, '0s'],
    [0.4, '0s'],
    [-5, '0s'],
    [1, '1ms'],
    [90_000, '1m30s'],
    [5_400_000, '1h30m'],
    [90_061_001, '1d1h1m1s1ms'],
  ])('%s ms is "%s"', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('what is formatted is parsed again', () => {
    fc.assert(fc.property(fc.nat(), (ms) => parseDurationMs(formatDuration(ms)) === ms));
  });
});

describe('chance', () => {
  const draws = (seed: number, count: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: count }, () => [
      random.next(),
      random.below(6),
      random.normal(),
      random.exponential(3),
    ]);
  };

  it('is the same for the same seed, and another for another', () => {
    expect(draws(7, 100)).toEqual(draws(7, 100));
    for (const seed of [8, -7, 0, 2 ** 31]) expect(draws(seed, 5)).not.toEqual(draws(7, 5));
  });

  it('does not change from release to release', () => {
    const random = seededRandom(1);
    expect([random.below(1_000), random.below(1_000), random.below(1_000)]).toEqual([548, 967, 956]);
  });

  it('seeds that are alike have nothing in common, from the first draw on', () => {
    const seeds = Array.from({ length: 2_000 }, (_, seed) => seededRandom(seed));
    for (let draw = 0; draw < 12; draw++) {
      const drawn = seeds.map((random) => random.next() - 0.5);
      const mean = drawn.reduce((sum, one) => sum + one, 0) / drawn.length;
      const variance = drawn.reduce((sum, one) => sum + one * one, 0) / drawn.length;
      const neighbours =
        drawn.slice(1).reduce((sum, one, index) => sum + one * (drawn[index] as number), 0) / drawn.length;
      // Four standard deviations of each: 0.289 / sqrt(2000) = 0.0065, and 1 / sqrt(2000) = 0.022.
      expect(Math.abs(mean)).toBeLessThan(0.026);
      expect(Math.abs(neighbours / variance)).toBeLessThan(0.09);
    }
  });

  it('has the ranges and moments that it says', () => {
    const random = seededRandom(42);
    const count = 100_000;
    const of = (draw: () => number) => {
      const all = Array.from({ length: count }, draw);
      const mean = all.reduce((sum, one) => sum + one, 0) / count;
      const deviation = Math.sqrt(all.reduce((sum, one) => sum + (one - mean) ** 2, 0) / count);
      return { mean, deviation, min: all.reduce((a, b) => Math.min(a, b)), max: all.reduce((a, b) => Math.max(a, b)) };
    };
    const uniform = of(() => random.next());
    expect(uniform.mean).toBeCloseTo(0.5, 2);
    expect(uniform.deviation).toBeCloseTo(Math.sqrt(1 / 12), 2);
    expect(uniform.min).toBeGreaterThanOrEqual(0);
    expect(uniform.max).toBeLessThan(1);
    const die = of(() => random.below(6));
    expect([die.min, die.max]).toEqual([0, 5]);
    expect(die.mean).toBeCloseTo(2.5, 1);
    const normal = of(() => random.normal());
    expect(normal.mean).toBeCloseTo(0, 1);
    expect(normal.deviation).toBeCloseTo(1, 1);
    expect(normal.max).toBeLessThan(7);
    const exponential = of(() => random.exponential(3));
    expect(exponential.mean).toBeCloseTo(3, 1);
    expect(exponential.deviation).toBeCloseTo(3, 1);
    expect(exponential.min).toBeGreaterThanOrEqual(0);
  });
});

describe('a clock that is moved by hand', () => {
  it('wakes the sleepers that are due, earliest first', async () => {
    const clock = new ManualClock(1_000);
    const woken: string[] = [];
    void clock.sleep(30).then(() => woken.push('30'));
    void clock.sleep(10).then(() => woken.push('10'));
    void clock.sleep(31).then(() => woken.push('31'));
    await turn();
    expect(woken).toEqual([]);
    clock.advanceTo(1_030);
    await turn();
    expect(woken).toEqual(['10', '30']);
    expect(clock.nowMs()).toBe(1_030);
  });

  it('never goes back', () => {
    const clock = new ManualClock(1_000);
    clock.advanceTo(500);
    expect(clock.nowMs()).toBe(1_000);
  });

  it('does not keep who sleeps for nothing, or was called off', async () => {
    const clock = new ManualClock(0);
    await clock.sleep(0);
    await clock.sleep(-5);
    await clock.sleep(10, AbortSignal.abort());
    const stop = new AbortController();
    const asleep = clock.sleep(10, stop.signal);
    stop.abort();
    await asleep;
  });

  it('leaves nothing behind on a signal that sees many sleeps', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on('warning', warn);
    const clock = new ManualClock(0);
    const { signal } = new AbortController();
    for (let at = 1; at <= 100; at++) {
      const asleep = clock.sleep(1, signal);
      clock.advanceTo(at);
      await asleep;
    }
    await turn();
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });
});

describe("the machine's clock", () => {
  it('sleeps, and wakes at once when called off', async () => {
    const startMs = systemClock.nowMs();
    await systemClock.sleep(5);
    expect(systemClock.nowMs() - startMs).toBeGreaterThanOrEqual(4);
    const stop = new AbortController();
    const asleep = systemClock.sleep(3_600_000, stop.signal);
    stop.abort();
    await asleep;
    await systemClock.sleep(3_600_000, stop.signal);
  });

  it('sleeps for longer than a timer can', async () => {
    const stop = new AbortController();
    let awake = false;
    const asleep = systemClock.sleep(40 * 86_400_000, stop.signal).then(() => {
      awake = true;
    });
    // A timer that overflows fires after 1 ms.
    await systemClock.sleep(20);
    expect(awake).toBe(false);
    stop.abort();
    await asleep;
  });
});
