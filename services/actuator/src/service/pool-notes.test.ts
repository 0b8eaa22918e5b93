import type { Override } from '@forescale/shared/config';
import { describe, expect, it } from 'vitest';
import { combineOverrides } from './override.ts';
import { readPoolNotes, STANDING_MS } from './pool-notes.ts';

const NOW_MS = Date.UTC(2026, 2, 2, 12);
const MINUTE_MS = 60_000;
const WHERE = 'ConfigMap forescale/forescale-web';

function read(annotations: Readonly<Record<string, string>>) {
  const prefixed = Object.entries(annotations).map(([key, value]) => [`forescale.dev/${key}`, value]);
  return readPoolNotes(Object.fromEntries(prefixed), WHERE, NOW_MS);
}

const NOTHING = {
  minNodes: null,
  maxNodes: null,
  paused: false,
  untilMs: STANDING_MS,
  by: WHERE,
  why: 'an annotation says so',
};

describe('annotations: what they ask for', () => {
  it.each<[string, Readonly<Record<string, string>>, Partial<Override> | null]>([
    ['none', {}, null],
    ['not paused', { paused: 'false' }, null],
    ['only who and why', { by: 'ops', why: 'x' }, null],
    ['paused for good', { paused: 'true' }, { paused: true }],
    ['paused by somebody', { paused: 'true', by: 'ops', why: 'upgrade' }, { paused: true, by: 'ops', why: 'upgrade' }],
    ['bounds', { 'min-nodes': '0', 'max-nodes': '10000' }, { minNodes: 0, maxNodes: 10_000 }],
    [
      'for a while',
      { paused: 'true', until: '2026-03-02T12:30:00Z' },
      { paused: true, untilMs: NOW_MS + 30 * MINUTE_MS },
    ],
    [
      'until a time with an offset',
      { paused: 'true', until: '2026-03-02T13:01+01:00' },
      { paused: true, untilMs: NOW_MS + MINUTE_MS },
    ],
    ['until now', { paused: 'true', until: '2026-03-02T12:00:00Z' }, null],
  ])('%s', (_what, annotations, expected) => {
    const { override, troubles } = read(annotations);
    expect(override).toEqual(expected && { ...NOTHING, ...expected });
    expect(troubles).toEqual([]);
  });

  it('does not look at what others annotate', () => {
    const others = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', 'example.com/paused': 'maybe' };
    expect(readPoolNotes(others, WHERE, NOW_MS)).toEqual({ override: null, troubles: [] });
  });
});

describe('annotations: what cannot be read', () => {
  it.each<[Readonly<Record<string, string>>, Partial<Override> | null, string]>([
    [{ paused: 'True' }, { paused: true }, 'forescale.dev/paused = "True": allowed: true or false; it is paused'],
    [{ paused: '' }, { paused: true }, 'forescale.dev/paused = "": allowed: true or false; it is paused'],
    [
      { 'max-nodes': '-1' },
      null,
      'forescale.dev/max-nodes = "-1": allowed: a whole number from 0 to 10000; it is ignored',
    ],
    [{ 'max-nodes': '10001' }, null, 'forescale.dev/max-nodes = "10001"'],
    [{ 'max-nodes': '5e3', 'min-nodes': '2' }, { minNodes: 2 }, 'forescale.dev/max-nodes = "5e3"'],
    [{ 'min-nodes': ' 3' }, null, 'forescale.dev/min-nodes = " 3"'],
    [{ 'min-nodes': '9'.repeat(400) }, null, `forescale.dev/min-nodes = "${'9'.repeat(80)}": allowed`],
    [
      { paused: 'true', until: 'tomorrow' },
      { paused: true },
      'forescale.dev/until = "tomorrow": allowed: an RFC 3339 time; a pause',
    ],
    [{ 'max-nodes': '5', until: '2026-03-02' }, null, 'forescale.dev/until = "2026-03-02"'],
    [{ 'max-nodes': '5', until: '2026-02-31T99:00:00Z' }, null, 'forescale.dev/until = "2026-02-31T99:00:00Z"'],
    [{ pause: 'true' }, null, 'forescale.dev/pause = "true": allowed: none of this name; those are paused, min-nodes'],
  ])('%j', (annotations, expected, trouble) => {
    const { override, troubles } = read(annotations);
    expect(override).toEqual(expected && { ...NOTHING, ...expected });
    expect(troubles).toEqual([expect.stringContaining(`${WHERE}: annotation ${trouble}`)]);
  });

  it('is cut and put on one line', () => {
    const { override } = read({ paused: 'true', by: 'a\nb', why: 'x'.repeat(9_000) });
    expect(override).toMatchObject({ by: 'a b', why: 'x'.repeat(500) });
    expect(read(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, 'x']))).troubles).toHaveLength(12);
  });
});

describe('overrides from several places', () => {
  const of = (change: Partial<Override>): Override => ({
    ...NOTHING,
    untilMs: NOW_MS + MINUTE_MS,
    by: 'a',
    why: 'w',
    ...change,
  });

  it.each<[string, readonly Override[], Partial<Override> | null]>([
    ['none', [], null],
    ['one that is over', [of({ paused: true, untilMs: NOW_MS })], null],
    ['one that says nothing', [of({})], null],
    [
      'a pause by the last',
      [of({ minNodes: 3 }), of({ paused: true, by: 'ops', why: 'x' })],
      { paused: true, minNodes: 3, by: 'ops', why: 'x' },
    ],
    [
      'each bound of the first that states it',
      [of({ maxNodes: 9 }), of({ maxNodes: 6, minNodes: 4, by: 'b' })],
      { maxNodes: 9, minNodes: 4, by: 'b, a' },
    ],
    [
      'until the first of them ends',
      [of({ maxNodes: 9 }), of({ minNodes: 4, untilMs: STANDING_MS })],
      { maxNodes: 9, minNodes: 4, by: 'a' },
    ],
    [
      'without what holds nothing',
      [of({ maxNodes: 9, untilMs: NOW_MS + 9 }), of({ maxNodes: 4, untilMs: NOW_MS + 1 })],
      { maxNodes: 9, untilMs: NOW_MS + 9 },
    ],
  ])('%s', (_what, overrides, expected) => {
    expect(combineOverrides(overrides, NOW_MS)).toEqual(expected && of(expected));
  });
});
