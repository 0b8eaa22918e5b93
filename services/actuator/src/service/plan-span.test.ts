import { expect, it } from 'vitest';
import { causesOf } from './plan-span.ts';

const traces = [
  { signal: 'cpu', forecast: 'cpu-forecast', sample: 'cpu-sample' },
  { signal: 'rps', forecast: 'rps-forecast', sample: 'rps-sample' },
  { signal: 'gpu', forecast: undefined, sample: undefined },
];

it.each([
  ['forecast:rps', ['rps-forecast', 'rps-sample', 'cpu-forecast', 'cpu-sample']],
  ['hold:rps', ['rps-forecast', 'rps-sample', 'cpu-forecast', 'cpu-sample']],
  ['observed:rps', ['rps-sample', 'rps-forecast', 'cpu-sample', 'cpu-forecast']],
  ['observed:gpu', ['cpu-sample', 'cpu-forecast', 'rps-sample', 'rps-forecast']],
  ['pending', ['cpu-forecast', 'cpu-sample', 'rps-forecast', 'rps-sample']],
  ['', ['cpu-forecast', 'cpu-sample', 'rps-forecast', 'rps-sample']],
])('a plan that needs nodes for %s follows first of all from what was said of that', (needFrom, causes) => {
  expect(causesOf(needFrom, traces)).toEqual(causes);
});

it('what came in one span is one cause; where nothing is known there is none', () => {
  const same = { forecast: 'a', sample: 'b' };
  expect(
    causesOf('pending', [
      { signal: 'x', ...same },
      { signal: 'y', ...same },
    ]),
  ).toEqual(['a', 'b']);
  expect(causesOf('pending', [])).toEqual([]);
});
