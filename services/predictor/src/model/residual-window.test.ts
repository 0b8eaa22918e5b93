import { seededRandom } from '@forescale/shared/time';
import { describe, expect, it } from 'vitest';
import { ResidualWindow } from './residual-window.ts';

describe('residual window', () => {
  it('gives the conformal quantile: the value at rank (n + 1) x level', () => {
    const window = new ResidualWindow(99);
    for (let i = 1; i <= 200; i++) window.add(i);
    // The newest 99 are 102..200; rank 50 of 99 is 151, rank 90 is 191.
    expect(window.quantile(0.5)).toBe(151);
    expect(window.quantile(0.9)).toBe(191);
  });

  it('is wide while it knows nothing, and forgets its assumptions', () => {
    const window = new ResidualWindow(1_000);
    const before = window.quantile(0.9) - window.quantile(0.1);
    for (let i = 0; i < 900; i++) window.add((i % 10) / 100);
    expect(before).toBeGreaterThan(5);
    expect(window.quantile(0.9) - window.quantile(0.1)).toBeLessThan(0.2);
  });

  it('goes on beyond the largest residual as an exponential tail does', () => {
    const window = new ResidualWindow(500);
    // The quantile of an exponential variable is -ln(1 - p): 9.2 at 0.9999.
    for (let i = 0; i < 500; i++) window.add(-Math.log(1 - ((i * 191) % 500) / 500 - 0.001));
    expect(window.quantile(0.9999)).toBeGreaterThan(6.5);
    expect(window.quantile(0.9999)).toBeLessThan(13);
  });

  it('never falls as the level rises', () => {
    const random = seededRandom(3);
    for (const size of [0, 1, 5, 40, 600]) {
      const window = new ResidualWindow(400);
      for (let i = 0; i < size; i++) window.add(random.normal() ** 3);
      let last = Number.NEGATIVE_INFINITY;
      for (let level = 0.001; level < 1; level += 0.001) {
        const value = window.quantile(level);
        expect(value).toBeGreaterThanOrEqual(last);
        last = value;
      }
    }
  });
});
