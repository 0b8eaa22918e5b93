import { describe, expect, it } from 'vitest';
import { SHAPE_NAMES, type ShapeName, shapedLoad } from './shapes.ts';

const HOUR_MS = 3_600_000;
/** A Monday. */
const startMs = Date.UTC(2026, 0, 5);
const liveFromMs = startMs + 7 * 24 * HOUR_MS;
const liveMs = 10 * HOUR_MS;
const options = { seed: 5, startMs, liveFromMs, liveMs, base: 10 } as const;

/** The load without noise at an hour of the live part. */
const at = (shape: ShapeName, hour: number) => {
  const { timesMs, values } = shapedLoad({ ...options, shape, noiseShare: 0 });
  return values[timesMs.indexOf(liveFromMs + hour * HOUR_MS)] as number;
};

describe('shapes of load', () => {
  it.each<[shape: ShapeName, hours: readonly number[], values: readonly number[]]>([
    ['steady', [-100, 0, 9], [10, 10, 10]],
    ['ramp', [-100, 0, 5], [4, 4, 10]],
    ['day-week', [-10, 2, -22], [9.6, 4, 3.1]],
    ['sawtooth', [0, 1, 3, 4], [4, 7, 13, 4]],
    ['on-off', [0, 1, 2, 3, 4], [15, 15, 3, 3, 15]],
    ['flash-crowd', [-100, 4, 4 + 5 / 60, 5 + 5 / 60], [5, 5, 20, 5 + 15 / Math.E]],
    ['launch', [2, 3, 3.5], [1.6, 1.62, 6.72]],
    ['outage', [4.9, 5.5, 5.75, 6.25], [6.2, 0, 12.4, 7.3]],
    ['drift', [-168 + 14, 2], [10.8, 5]],
  ])('%s', (shape, hours, values) => {
    for (const [k, hour] of hours.entries()) expect(at(shape, hour)).toBeCloseTo(values[k] as number, -0.3);
  });

  it('spike: once in every six hours, for ten minutes', () => {
    const { values } = shapedLoad({ ...options, liveMs: 12 * HOUR_MS, shape: 'spike', noiseShare: 0 });
    const high = [...values].filter((value) => value === 18).length;
    expect(high).toBe(10 * (180 / 6));
  });

  it.each(SHAPE_NAMES)('%s: the same seed gives the same load, another one another; nothing below 0', (shape) => {
    const [a, b, c] = [5, 5, 6].map((seed) => shapedLoad({ ...options, shape, seed }).values);
    expect(b).toEqual(a);
    expect(c).not.toEqual(a);
    expect(a).toHaveLength(178 * 60);
    expect(Math.min(...(a ?? []))).toBeGreaterThanOrEqual(0);
  });

  it('refuses a live part of nothing', () => {
    expect(() => shapedLoad({ ...options, shape: 'steady', liveMs: 0 })).toThrow(/allowed: 1 to/);
  });
});
