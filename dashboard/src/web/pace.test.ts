import { describe, expect, test } from 'vitest';
import { createSpeedometer, delayMs } from './pace.js';

describe('createSpeedometer', () => {
  test('unknown at first, then how much faster than the wall it goes', () => {
    const speedometer = createSpeedometer();
    expect(speedometer.observe(0, 0)).toBeNull();
    expect(speedometer.observe(600, 500)).toBe(1200);
  });
  test('one slow reading does not shake it, a stop does', () => {
    const speedometer = createSpeedometer();
    speedometer.observe(0, 0);
    speedometer.observe(1000, 1000);
    expect(speedometer.observe(1800, 2000)).toBeCloseTo(970);
    expect(speedometer.observe(1800, 3000)).toBe(0);
  });
});

describe('delayMs', () => {
  test('a simulation is read often, real life each 5 s, a hidden page rarely', () => {
    expect(delayMs({ speed: 1500, failures: 0, hidden: false })).toBe(300);
    expect(delayMs({ speed: 1, failures: 0, hidden: false })).toBe(5_000);
    expect(delayMs({ speed: 1500, failures: 0, hidden: true })).toBe(30_000);
  });
  test('failures are waited out, ever longer, never for long', () => {
    expect([1, 2, 20].map((failures) => delayMs({ speed: 1, failures, hidden: false }))).toEqual([
      1_000, 2_000, 10_000,
    ]);
  });
});
