import { seededRandom } from '@forescale/shared/time';
import { expect, it } from 'vitest';
import { marksOf, outliersOf } from './marks.ts';

const SEED = 3;
const random = seededRandom(SEED);
const calm = Array.from({ length: 2_000 }, () => 100 + 10 * random.next());

it('of a calm series nothing is marked, and all that is put into it is', () => {
  const { hits, ...rest } = marksOf(calm, seededRandom(SEED));
  expect(rest, `seed ${SEED}`).toEqual({ flagged: 0, after: 0, shifted: 1 });
  expect(hits, `seed ${SEED}`).toEqual({ spike: 1, tall: 1, drop: 1 });
});

it('of a wild series a spike is seldom odd', () => {
  const wild = calm.map((value, i) => (i % 2 === 0 ? value : 8 * value));
  expect(marksOf(wild, seededRandom(SEED)).hits.spike).toBeLessThan(0.25);
});

it('outliers are told by their place', () => {
  expect([...outliersOf(calm.map((value, i) => (i === 500 || i === 900 ? 9_000 : value)))]).toEqual([500, 900]);
});
