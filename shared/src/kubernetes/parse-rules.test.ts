import { expect, it } from 'vitest';
import { parsePod } from './parse-objects.ts';

const metadata = {
  name: 'x',
  namespace: 'shop',
  uid: 'u',
  creationTimestamp: '2026-11-24T10:00:00Z',
  labels: { app: 'web', 'pod-template-hash': 'h1' },
};
const rulesOf = (spec: object) => parsePod({ metadata, spec })?.rules;
const required = (value: unknown) => ({ requiredDuringSchedulingIgnoredDuringExecution: value });
const is = (key: string, ...values: string[]) => ({ key, operator: 'In', values });
const NEVER = { key: '', operator: 'In', values: [] };
const NONE = { nodeTerms: [], apartFrom: [], besides: [], spread: [] };

it.each([
  ['nothing', {}],
  ['an empty affinity', { affinity: {} }],
  [
    'what is only preferred',
    {
      affinity: {
        nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: {} }] },
        podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: {} }] },
      },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }],
    },
  ],
])('%s is no rule', (_what, spec) => {
  expect(rulesOf(spec)).toBeNull();
});

it('node affinity: terms with their requirements; a name of a node and a later operator match nothing', () => {
  const nodeSelectorTerms = [
    {
      matchExpressions: [
        { key: 'zone', operator: 'In', values: ['a', 'b'] },
        { key: 'gpu', operator: 'DoesNotExist' },
      ],
    },
    { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] },
    { matchExpressions: [{ key: 'zone', operator: 'Near', values: ['a'] }] },
    {},
  ];
  expect(rulesOf({ affinity: { nodeAffinity: required({ nodeSelectorTerms }) } })).toEqual({
    ...NONE,
    nodeTerms: [
      [is('zone', 'a', 'b'), { key: 'gpu', operator: 'DoesNotExist', values: [] }],
      [is('metadata.name', 'n')],
      [NEVER],
      [NEVER],
    ],
  });
});

it('affinity between pods: of the own namespace unless others are named, and no selector selects nothing', () => {
  const labelSelector = { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'Exists' }] };
  const topologyKey = 'kubernetes.io/hostname';
  expect(
    rulesOf({
      affinity: {
        podAntiAffinity: required([
          { topologyKey, labelSelector, matchLabelKeys: ['pod-template-hash', 'absent'] },
          { topologyKey, labelSelector: {}, namespaces: ['a', 'b'] },
          { topologyKey, labelSelector: {}, namespaceSelector: { matchLabels: { team: 'a' } } },
        ]),
        podAffinity: required([{ topologyKey: 'zone' }]),
      },
    }),
  ).toEqual({
    ...NONE,
    apartFrom: [
      {
        topologyKey,
        pods: {
          namespaces: ['shop'],
          requirements: [
            is('app', 'web'),
            is('pod-template-hash', 'h1'),
            { key: 'tier', operator: 'Exists', values: [] },
          ],
        },
      },
      { topologyKey, pods: { namespaces: ['a', 'b'], requirements: [] } },
      { topologyKey, pods: { namespaces: null, requirements: [] } },
    ],
    besides: [{ topologyKey: 'zone', pods: { namespaces: ['shop'], requirements: [NEVER] } }],
  });
});

it('spread: what must not be left unmet', () => {
  const labelSelector = { matchLabels: { app: 'web' } };
  const topologySpreadConstraints = [
    { maxSkew: 2, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector },
  ];
  expect(rulesOf({ topologySpreadConstraints })).toEqual({
    ...NONE,
    spread: [{ topologyKey: 'zone', maxSkew: 2, pods: { namespaces: ['shop'], requirements: [is('app', 'web')] } }],
  });
});
