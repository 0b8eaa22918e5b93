import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addResources,
  fits,
  NO_RESOURCES,
  quantileAt,
  type Resources,
  sliceSeries,
  subtractResources,
  upperBound,
} from './index.ts';

const sorted = fc.uniqueArray(fc.integer({ min: 0, max: 50 })).map((all) => Float64Array.from(all).sort());

describe('series', () => {
  it('upperBound is the first that is greater', () => {
    fc.assert(
      fc.property(sorted, fc.integer({ min: -1, max: 51 }), (times, x) => {
        const index = times.findIndex((time) => time > x);
        expect(upperBound(times, x)).toBe(index < 0 ? times.length : index);
      }),
    );
  });

  it('a slice is open below and closed above, with its values', () => {
    fc.assert(
      fc.property(
        sorted,
        fc.integer({ min: -1, max: 51 }),
        fc.integer({ min: -1, max: 51 }),
        (timesMs, fromMs, toMs) => {
          const slice = sliceSeries({ timesMs, values: timesMs.map((time) => time * 2) }, fromMs, toMs);
          expect([...slice.timesMs]).toEqual([...timesMs].filter((time) => time > fromMs && time <= toMs));
          expect([...slice.values]).toEqual([...slice.timesMs].map((time) => time * 2));
        },
      ),
    );
  });
});

describe('quantiles between levels', () => {
  const levels = [0.1, 0.5, 0.9];
  const values = [10, 20, 60];

  it.each([
    [0.1, 10],
    [0.5, 20],
    [0.9, 60],
    [0.05, 10],
    [0.999, 60],
    // Half way between 0.5 and 0.9 in the logit, which is 0.75.
    [0.75, 40],
  ])('at %s', (level, value) => {
    expect(quantileAt(levels, values, level)).toBeCloseTo(value, 9);
  });

  it('never fall as the level rises, and stay between the ends', () => {
    const level = fc.double({ min: 0.001, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(level, level, (a, b) => {
        const [low, high] = [quantileAt(levels, values, Math.min(a, b)), quantileAt(levels, values, Math.max(a, b))];
        expect(low).toBeLessThanOrEqual(high + 1e-12);
        expect(low).toBeGreaterThanOrEqual(10);
        expect(high).toBeLessThanOrEqual(60);
      }),
    );
  });

  it('need one value a level', () => {
    expect(() => quantileAt([], [], 0.5)).toThrow(RangeError);
    expect(() => quantileAt(levels, [1], 0.5)).toThrow(RangeError);
  });
});

describe('resources', () => {
  const amount = fc.nat(1_000);
  const resources: fc.Arbitrary<Resources> = fc.record({
    cpuMillicores: amount,
    memoryBytes: amount,
    pods: amount,
    gpus: amount,
  });

  it('what is added can be taken away again, and fits', () => {
    fc.assert(
      fc.property(resources, resources, (a, b) => {
        expect(subtractResources(addResources(a, b), b)).toEqual(a);
        expect(fits(a, addResources(a, b))).toBe(true);
        expect(addResources(a, NO_RESOURCES)).toEqual(a);
      }),
    );
  });

  it.each(['cpuMillicores', 'memoryBytes', 'pods', 'gpus'] as const)('does not fit where %s is missing', (field) => {
    const all = { cpuMillicores: 1, memoryBytes: 1, pods: 1, gpus: 1 };
    expect(fits(all, { ...all, [field]: 0 })).toBe(false);
  });
});
