import { describe, expect, it } from 'vitest';
import { type LabelRequirement, mayRunOn, meets, type PodRules, selectsPod } from './index.ts';

const LABELS = { zone: 'a', cores: '8' };

it.each<[operator: LabelRequirement['operator'], key: string, values: string[], holds: boolean]>([
  ['In', 'zone', ['a', 'b'], true],
  ['In', 'zone', ['b'], false],
  ['In', 'absent', ['a'], false],
  ['NotIn', 'zone', ['b'], true],
  ['NotIn', 'zone', ['a'], false],
  ['NotIn', 'absent', ['a'], true],
  ['Exists', 'zone', [], true],
  ['Exists', 'absent', [], false],
  ['DoesNotExist', 'zone', [], false],
  ['DoesNotExist', 'absent', [], true],
  ['Gt', 'cores', ['7'], true],
  ['Gt', 'cores', ['8'], false],
  ['Lt', 'cores', ['9'], true],
  ['Lt', 'zone', ['9'], false],
  ['Gt', 'absent', ['0'], false],
])('%s %s %j on {zone: a, cores: 8} is %4$s', (operator, key, values, holds) => {
  expect(meets({ key, operator, values }, LABELS)).toBe(holds);
});

it('a selection is of its namespaces, and of all where it names none', () => {
  const requirements = [{ key: 'app', operator: 'In' as const, values: ['web'] }];
  const pod = { namespace: 'shop', labels: { app: 'web' } };
  expect(selectsPod({ namespaces: ['shop'], requirements }, pod)).toBe(true);
  expect(selectsPod({ namespaces: ['other'], requirements }, pod)).toBe(false);
  expect(selectsPod({ namespaces: null, requirements }, pod)).toBe(true);
  expect(selectsPod({ namespaces: null, requirements }, { ...pod, labels: {} })).toBe(false);
});

describe('node affinity', () => {
  const inZone = (zone: string): LabelRequirement => ({ key: 'zone', operator: 'In', values: [zone] });
  const has = (key: string): LabelRequirement => ({ key, operator: 'Exists', values: [] });
  it.each<[what: string, terms: PodRules['nodeTerms'], may: boolean]>([
    ['no term', [], true],
    ['one that holds', [[inZone('a'), has('cores')]], true],
    ['one of which a part does not hold', [[inZone('a'), has('gpu')]], false],
    ['two of which one holds', [[inZone('b')], [inZone('a')]], true],
  ])('%s', (_what, nodeTerms, may) => {
    const rules = { nodeTerms, apartFrom: [], besides: [], spread: [] };
    expect(mayRunOn({ nodeSelector: {}, tolerations: [], rules }, LABELS, [])).toBe(may);
    expect(mayRunOn({ nodeSelector: { zone: 'b' }, tolerations: [], rules }, LABELS, [])).toBe(false);
  });
});
