import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ModelKey, modelKeyOf, modelName, modelPath } from './model-key.ts';

const name = fc.stringMatching(/^[a-z0-9-]{1,63}$/);
const key: fc.Arbitrary<ModelKey> = fc.oneof(
  fc.record({ kind: fc.constant('series' as const), pool: name, signal: name }),
  fc.record({
    kind: fc.constant('cluster' as const),
    stepMs: fc.integer({ min: 1, max: 86_400 }).map((seconds) => 1_000 * seconds),
    horizon: fc.integer({ min: 1, max: 10_000 }),
  }),
);

it('a path is read back as the key that it was made of, and no two keys share one', () => {
  fc.assert(
    fc.property(key, key, (one, other) => {
      expect(modelKeyOf(modelPath(one))).toEqual(one);
      if (modelName(one) === modelName(other)) expect(one).toEqual(other);
    }),
  );
  expect(modelName({ kind: 'series', pool: 'cluster', signal: '300s-14' })).toBe('series/cluster/300s-14');
  expect(modelName({ kind: 'cluster', stepMs: 300_000, horizon: 14 })).toBe('cluster/300s-14');
});

it.each<ModelKey>([
  { kind: 'series', pool: '..', signal: 'cpu' },
  { kind: 'series', pool: 'web', signal: '' },
  { kind: 'series', pool: 'web', signal: 'a.b' },
  { kind: 'series', pool: 'x'.repeat(64), signal: 'cpu' },
  { kind: 'cluster', stepMs: 1_500, horizon: 14 },
  { kind: 'cluster', stepMs: 0, horizon: 14 },
  { kind: 'cluster', stepMs: 300_000, horizon: 1.5 },
])('refuses %j', (wrong) => {
  expect(() => modelPath(wrong)).toThrow(RangeError);
});

it.each([
  [[]],
  [['series', 'web']],
  [['series', 'web', 'cpu', '1']],
  [['cluster', '300s-14', '']],
  [['other', 'a', 'b']],
])('no key has the path %j', (path) => {
  expect(modelKeyOf(path)).toBeNull();
});
