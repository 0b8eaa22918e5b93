import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatQuantity, parseCpuMillicores, parseQuantity } from './index.ts';

it.each<[text: string, value: number | null]>([
  ['0', 0],
  ['4', 4],
  ['250m', 0.25],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['.5', 0.5],
  ['5.', 5],
  ['1e3', 1_000],
  ['1E3', 1_000],
  ['1E', 1e18],
  ['1Ei', 2 ** 60],
  ['1e-3', 0.001],
  ['100k', 100_000],
  ['128974848', 128_974_848],
  ['129e6', 129e6],
  ['129M', 129e6],
  ['123Mi', 123 * 2 ** 20],
  ['128974848000m', 128_974_848],
  ['12345678n', 0.012_345_678],
  ['7u', 7e-6],
  ['-1Gi', -(2 ** 30)],
  [' 1 ', 1],
  ['', null],
  [' ', null],
  ['Gi', null],
  ['1 Gi', null],
  ['1gi', null],
  ['1K', null],
  ['1KiB', null],
  ['1e', null],
  ['1e3Gi', null],
  ['1e999', null],
  ['0x10', null],
  ['1,5', null],
  ['1.2.3', null],
  ['--1', null],
  ['NaN', null],
  ['Infinity', null],
])('quantity "%s" is %s', (text, value) => {
  const parsed = parseQuantity(text);
  if (value === null || parsed === null) expect(parsed).toBe(value);
  else expect(parsed).toBeCloseTo(value, 12);
});

it.each<[text: string, millicores: number | null]>([
  ['1', 1_000],
  ['250m', 250],
  ['1.1', 1_100],
  ['0.1', 100],
  ['0.0005', 1],
  ['1500000n', 2],
  ['many', null],
])('CPU "%s" is %s millicores, never understated', (text, millicores) => {
  expect(parseCpuMillicores(text)).toBe(millicores);
});

it.each<[value: number, text: string]>([
  [0, '0'],
  [0.0000001, '0'],
  [0.0004, '1m'],
  [0.1, '100m'],
  [0.3, '300m'],
  [1, '1'],
  [320, '320'],
  [1234.5, '1234500m'],
  [1500, '1500'],
  [2000, '2k'],
  [3e6, '3M'],
  [1e15, '1P'],
  [1e300, '9P'],
])('%d is written %s', (value, text) => {
  expect(formatQuantity(value)).toBe(text);
});

it('a quantity that was written is read as no less, and no more than a thousandth above', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (value) => {
      const read = parseQuantity(formatQuantity(value)) as number;
      expect(read).toBeGreaterThanOrEqual(value - 1e-6);
      expect(read).toBeLessThan(value + 0.001 + 1e-6);
    }),
  );
});
