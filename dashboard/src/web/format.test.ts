import { expect, test } from 'vitest';
import {
  clockIn,
  formatDuration,
  formatNodes,
  formatShare,
  formatTick,
  formatUsd,
  formatValue,
  unitOf,
} from './format.js';

/** Units stand after a no-break space, which the tests spell as a plain one. */
const spaced = (text: string) => text.replaceAll('\u00a0', ' ');

test.each([
  [1234.5, 'req/s', '1,230 req/s'],
  [2.71445, '', '2.71'],
  [2_345_678, 'req/s', '2.35M req/s'],
  [3 * 2 ** 30, 'bytes', '3 GiB'],
  [0, 'bytes', '0 B'],
  [2500, 'millicores', '2.5 cores'],
  [null, 'req/s', '–'],
])('formatValue: %s %s -> %s', (value, unit, text) => {
  expect(spaced(formatValue(value, unit))).toBe(text);
});

test('formatTick: short, and without a space', () => {
  expect([formatTick(1500, ''), formatTick(2 ** 31, 'bytes'), formatTick(4000, 'millicores')]).toEqual([
    '1.5K',
    '2GiB',
    '4',
  ]);
});

test.each([
  [0.096, '$0.096'],
  [12.4, '$12.40'],
  [1234.56, '$1,235'],
  [-2, '−$2.00'],
  [0, '$0.00'],
  [null, '–'],
])('formatUsd: %s -> %s', (usd, text) => {
  expect(formatUsd(usd)).toBe(text);
});

test.each([
  [45, '45 s'],
  [-90, '2 min'],
  [3900, '1 h 5 min'],
  [86_400, '24 h'],
  [3 * 86_400 + 7200, '3 d 2 h'],
])('formatDuration: %d -> %s', (seconds, text) => {
  expect(spaced(formatDuration(seconds))).toBe(text);
});

test('formatNodes: one node, more nodes', () => {
  expect([1, 0, 12, null].map(formatNodes)).toEqual(['1 node', '0 nodes', '12 nodes', '–']);
});

test('formatShare: whole percent', () => {
  expect(spaced(formatShare(0.914))).toBe('91 %');
});

test('unitOf: what is measured without being asked has its unit', () => {
  expect(unitOf({ name: 'requested-memory', unit: '' })).toBe('bytes');
  expect(unitOf({ name: 'requests', unit: 'req/s' })).toBe('req/s');
  expect(unitOf(null)).toBe('');
});

test('clockIn: local time of a zone, the day at its midnight', () => {
  const clock = clockIn('Europe/Berlin');
  const midnightS = Date.UTC(2025, 4, 5, 22) / 1000;
  expect(clock.time(midnightS + 3660)).toBe('01:01');
  expect(clock.moment(midnightS)).toBe('Tue 6 May, 00:00');
  expect(clock.day(midnightS)).toBe('Tue 6 May');
  expect(clock.day(midnightS + 3600)).toBeNull();
});
