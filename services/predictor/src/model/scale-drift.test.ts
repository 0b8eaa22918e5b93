import { seededRandom } from '@forescale/shared/time';
import { expect, test } from 'vitest';
import { ScaleDrift } from './scale-drift.ts';

/** Feeds `count` errors of independent size to one target. */
function feed(drift: ScaleDrift, target: number, count: number, size: number, seed: number): void {
  const random = seededRandom(seed);
  for (let i = 0; i < count; i++) drift.learn(target, size * Math.abs(random.normal()));
}

test.each([1, 2, 3])('scale drift: as good as 1 in steady times (seed %i)', (seed) => {
  const drift = new ScaleDrift([1]);
  let sum = 0;
  for (let i = 0; i < 2_000; i++) {
    feed(drift, 0, 1, 1, seed * 10_000 + i);
    sum += drift.factor(0);
  }
  expect(sum / 2_000).toBeLessThan(1.03);
});

test.each([1, 2, 3])(
  'scale drift: sees doubled errors within two memories, and forgets them again (seed %i)',
  (seed) => {
    const drift = new ScaleDrift([1]);
    feed(drift, 0, 500, 1, seed);
    feed(drift, 0, 48, 2, seed + 10);
    expect(drift.factor(0)).toBeGreaterThan(1.25);
    expect(drift.factor(0)).toBeLessThan(2.6);
    feed(drift, 0, 200, 1, seed + 20);
    expect(drift.factor(0)).toBeLessThan(1.1);
  },
);

test('scale drift: never narrows, and one burst is no change', () => {
  const drift = new ScaleDrift([1]);
  feed(drift, 0, 500, 1, 1);
  drift.learn(0, 1_000);
  expect(drift.factor(0)).toBeLessThan(1.3);
  feed(drift, 0, 200, 0.1, 2);
  expect(drift.factor(0)).toBe(1);
});

test('scale drift: a far target, whose errors hang together, leans on the verdict of a nearer one', () => {
  const both = new ScaleDrift([1, 12]);
  const alone = new ScaleDrift([12]);
  const random = seededRandom(4);
  for (let i = 0; i < 548; i++) {
    const size = i < 500 ? 1 : 2;
    both.learn(0, size * Math.abs(random.normal()));
    const far = size * Math.abs(random.normal());
    both.learn(1, far);
    alone.learn(0, far);
  }
  expect(both.factor(1)).toBeGreaterThan(1.05 * alone.factor(0));
  expect(both.factor(1)).toBeLessThan(both.factor(0));
});
