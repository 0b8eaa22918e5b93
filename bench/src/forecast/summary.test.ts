import { describe, expect, it } from 'vitest';
import { failure, type Measurement } from './method-run.ts';
import { baseOf, ratioTo, summarise } from './summary.ts';

/** One that loses so much at each origin, at equal sizes. */
function lost(trace: string, method: string, losses: Readonly<Record<number, number>>): Measurement {
  const byOrigin = Object.entries(losses).map(([origin, loss]) => [Number(origin), { loss, size: 10 }] as const);
  const plain = { wql: 0.1, mase: 1, coverage90: 0.9, coverage99: 0.99, seconds: 2, originsShare: 1 };
  return { trace, method, ...plain, losses: new Map(byOrigin), failed: null, more: {} };
}

const BASE = lost('a', 'r-stlf', { 1: 2, 2: 2, 3: 4 });

describe('ratio', () => {
  it.each<[what: string, losses: Record<number, number>, ratio: number | null]>([
    ['of sums, not of single origins', { 1: 1, 2: 1, 3: 4 }, 0.75],
    ['over the origins that both answered', { 1: 3 }, 1.5],
    ['at most 5', { 1: 100, 2: 100, 3: 100 }, 5],
    ['at least 0.2', { 1: 0, 2: 0, 3: 0 }, 0.2],
    ['none without a common origin', { 9: 1 }, null],
  ])('%s', (_what, losses, ratio) => {
    expect(ratioTo(BASE, lost('a', 'x', losses))).toBe(ratio);
  });
});

describe('summary', () => {
  const measurements = [
    BASE,
    lost('b', 'r-stlf', { 1: 1, 2: 1 }),
    lost('a', 'better', { 1: 1, 2: 1, 3: 2 }),
    lost('b', 'better', { 1: 2, 2: 0 }),
    lost('a', 'half', { 1: 1, 2: 1, 3: 2 }),
    failure('b', 'half', 'ended with code 1'),
    failure('a', 'never', 'no answer'),
  ];
  const of = (method: string) => summarise(measurements).find((one) => one.method === method);

  it('is the geometric mean over traces, with the worst of them', () => {
    expect(of('better')?.ratio).toBeCloseTo(Math.sqrt(0.5), 12);
    expect(of('better')).toMatchObject({ worst: 1, traces: 2, origins: 5, seconds: 2 });
    expect(of('r-stlf')).toMatchObject({ ratio: 1, low: 1, high: 1 });
  });

  it('has an interval that chance alone widens, the same in each run', () => {
    expect(of('better')?.low).toBeLessThan(Math.sqrt(0.5));
    expect(of('better')?.high).toBeGreaterThan(Math.sqrt(0.5));
    expect(of('half')).toMatchObject({ low: 0.5, high: 0.5 });
    expect(summarise(measurements)).toEqual(summarise(measurements));
  });

  it('says on how many traces a method answered, and leaves out one that never did', () => {
    expect(of('half')).toMatchObject({ ratio: 0.5, traces: 1 });
    expect(of('never')).toBeUndefined();
    expect(summarise(measurements).map(({ method }) => method)).toEqual(['half', 'better', 'r-stlf']);
  });

  it('compares with the best single peer, without it with the plainest member', () => {
    expect(baseOf(measurements)).toBe('r-stlf');
    expect(baseOf([failure('a', 'r-stlf', 'no'), lost('a', 'seasonal-naive', { 1: 1 })])).toBe('seasonal-naive');
  });
});
