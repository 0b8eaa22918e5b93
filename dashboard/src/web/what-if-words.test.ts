import { expect, test } from 'vitest';
import { knobValue, knobWords, whatIfWords } from './what-if-words.js';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const none = { usd: 10, unmet_demand_share: 0, shortage_minutes: 0, nodes_created: 3 };
const short = { usd: 7.5, unmet_demand_share: 0.0123, shortage_minutes: 12, nodes_created: 5 };

test.each([
  [
    'cheaper and short',
    none,
    short,
    'The last 24 h would have cost $7.50 ($2.50 less), and been short for 12 min, 1.2 % of the demand; as it is nothing is missed.',
  ],
  [
    'dearer and safe',
    short,
    none,
    'The last 24 h would have cost $10.00 ($2.50 more), and missed nothing; as it is 12 min.',
  ],
  ['the same', none, none, 'The last 24 h would have cost $10.00, as now, and missed nothing.'],
])('%s', (_what, as_is, changed, words) => {
  expect(plain(whatIfWords({ hours: 24, as_is, changed }))).toBe(words);
});

test('values with what they are of; a setting that is new here keeps its name', () => {
  expect(plain(knobValue({ name: 'min_nodes', unit: 'nodes' }, 1))).toBe('1 node');
  expect(plain(knobValue({ name: 'scale_down.unneeded', unit: 'min' }, 15))).toBe('15 min');
  expect(knobValue({ name: 'shortage_cost_ratio', unit: '' }, 200)).toBe('200 times a node');
  expect([knobWords('min_nodes'), knobWords('new')]).toEqual(['Least number of nodes', 'new']);
});
