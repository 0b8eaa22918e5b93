import { seededRandom } from '@forescale/shared/time';
import { expect, test } from 'vitest';
import { pinball } from './pinball.ts';

const LEVELS = [0.1, 0.5, 0.9];

test('pinball: a head at 0.9 loses nine times as much when it is too low as when it is too high', () => {
  expect(pinball(Float32Array.of(1), Float32Array.of(3), [0.9], null).sum).toBeCloseTo(1.8, 6);
  expect(pinball(Float32Array.of(3), Float32Array.of(1), [0.9], null).sum).toBeCloseTo(0.2, 6);
});

test('pinball: the gradient is the slope of the mean loss', () => {
  const random = seededRandom(5);
  const y = Float32Array.from({ length: 4 }, () => random.normal());
  const raw = Float32Array.from({ length: 12 }, () => random.normal());
  const gradient = new Float32Array(12);
  const { terms } = pinball(raw, y, LEVELS, gradient);
  for (let i = 0; i < raw.length; i++) {
    const moved = (by: number) => raw.map((value, at) => (at === i ? value + by : value));
    const rise = pinball(moved(1e-3), y, LEVELS, null).sum - pinball(moved(-1e-3), y, LEVELS, null).sum;
    expect(rise / 2e-3 / terms).toBeCloseTo(gradient[i] as number, 3);
  }
});

test('pinball: an absent target has no loss, no gradient and no part in the mean', () => {
  const raw = Float32Array.of(1, 2, 3, 1, 2, 3);
  const gradient = new Float32Array(6).fill(7);
  const present = new Float32Array(3);
  const both = pinball(raw, Float32Array.of(Number.NaN, 2.5), LEVELS, gradient);
  expect(both).toEqual(pinball(raw.subarray(3), Float32Array.of(2.5), LEVELS, present));
  expect([...gradient]).toEqual([0, 0, 0, ...present]);
});
