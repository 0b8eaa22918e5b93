import { describe, expect, test } from 'vitest';
import type { PlanDocument, Pool, Source } from './documents.ts';
import {
  clockWords,
  costSentence,
  decisionTitle,
  errorWords,
  loadSentence,
  nodesSentence,
  plainWords,
  priceWords,
  sourceState,
  sourceWords,
  wouldHave,
} from './words.js';

const spaced = (text: string) => text.replaceAll('\u00a0', ' ');

test.each([
  ['enforce', 'create', 'm7i.large', 2, 'Add 2 nodes: m7i.large'],
  ['observe', 'create', 'm7i.large', 1, 'Would add 1 node: m7i.large'],
  ['enforce', 'drain', 'node-7', 1, 'Remove node-7'],
  ['observe', 'drain', 'node-7', 1, 'Would remove node-7'],
  ['enforce', 'headroom', 'placeholders', 28, 'Hold room with 28 placeholders'],
  ['enforce', 'override', 'web', 1, 'Override: web'],
] as const)('decisionTitle: %s %s %s', (mode, kind, target, count, title) => {
  expect(decisionTitle({ mode, kind, target, count })).toBe(title);
});

function planned(actions: { kind: string; target: string; count: number; why: string }[]): PlanDocument {
  const nodes = { need: 1, floor: 1, ceiling: 1, desired: 1, ready: 1, starting: 0, draining: 0 };
  const words = {
    pool: 'web',
    time: '2025-05-06T00:00:00Z',
    mode: 'observe',
    floor_from: '',
    ceiling_from: '',
  } as const;
  const plan = { ...nodes, ...words, generation: 1, usd_per_hour: 0, needs: [], reasons: [], actions };
  return { now: words.time, plan, decisions: [] };
}

describe('wouldHave', () => {
  test('counts the nodes and gives the first reason', () => {
    const why = 'the load rises';
    const create = { kind: 'create', target: 'a', count: 2, why };
    expect(wouldHave(planned([create, { ...create, count: 1 }]))).toBe('added 3 nodes: the load rises');
    expect(wouldHave(planned([create, { ...create, kind: 'drain', count: 1 }]))).toMatch(
      /^added 2 nodes and removed 1 node/,
    );
  });
  test('says so when there is nothing to do, or nothing known', () => {
    expect(wouldHave(planned([]))).toBe('nothing to change right now.');
    expect(wouldHave(null)).toBe('nothing to change right now.');
  });
});

test('sourceWords: where a need comes from', () => {
  expect(['forecast:requests', 'observed:cpu', 'pending', 'floor'].map(sourceWords)).toEqual([
    'Forecast of requests',
    'Observed cpu',
    'Pending pods',
    'floor',
  ]);
});

test.each<[says: string, source: Partial<Source>]>([
  ['Newest 40 s ago', {}],
  ['Newest 40 s ago; its clock is 30 s ahead; 7 refused', { lag_seconds: -30, refused: 7 }],
  ['Nothing yet', { newest: null, lag_seconds: null }],
  ['Away: ECONNREFUSED', { state: 'away', reason: 'ECONNREFUSED', refused: 7 }],
  ['Silent. Newest 40 s ago', { state: 'stale' }],
  ['Stale: web/rps: the newest is 12m old', { state: 'stale', reason: 'web/rps: the newest is 12m old' }],
  [
    'Nothing that it says can be taken (web/rps: unit = "s"); 7 refused',
    { state: 'refusing', reason: 'web/rps: unit = "s"', refused: 7 },
  ],
])('sourceState: %s', (says, more) => {
  const nowS = Date.UTC(2025, 4, 6) / 1_000;
  const newest = new Date((nowS - 40) * 1_000).toISOString();
  const source: Source = { name: 'nats', state: 'ok', reason: null, newest, lag_seconds: 1, refused: 0, ...more };
  expect(sourceState(source, nowS).replaceAll('\u00a0', ' ')).toBe(says);
});

test('plainWords: sources in words, all else as it was', () => {
  expect(plainWords('21 nodes for forecast:load')).toBe('21 nodes for forecast of load');
  expect(plainWords('19 nodes for pending')).toBe('19 nodes for pending pods');
  expect(plainWords('the forecast of load is old; 3 for pending pods')).toBe(
    'the forecast of load is old; 3 for pending pods',
  );
});

describe('loadSentence', () => {
  const expected = { q10: 90, q50: 100, q90: 110, q99: 120 };
  test('places the load in what was forecast, and looks ahead', () => {
    expect(spaced(loadSentence(105, expected, expected, 'req/s'))).toBe(
      'Load is 105 req/s, inside the 90–110 req/s forecast for now. ' +
        'In 15 minutes about 100 req/s, at most 120 req/s (99 % sure).',
    );
    expect(loadSentence(130, expected, null, '')).toBe(
      'Load is 130, above the 90–110 forecast for now. There is no forecast yet.',
    );
  });
  test('without a load it says so', () =>
    expect(loadSentence(null, null, null, '')).toBe('No load has been measured yet.'));
});

test('nodesSentence: what is there, what is wanted, what is allowed and by whom', () => {
  const pool: Pool = {
    name: 'web',
    mode: 'enforce',
    paused: false,
    provider: 'simulated',
    signals: [],
    bounds: { min: 3, minFrom: 'business_hours', max: 8, maxFrom: 'pool', usdPerHourMax: null },
    ready: 4,
    starting: 2,
    draining: 0,
    desired: 6,
    usdPerHour: 1,
    reactiveUsdPerHour: 1,
    prices: { source: 'configured', asOf: null },
  };
  expect(nodesSentence(pool)).toBe('4 nodes ready, 2 starting; 6 wanted. Allowed are 3 to 8 (business_hours, pool).');
  expect(nodesSentence({ ...pool, ready: null })).toMatch(/not been planned yet/);
});

test('costSentence: saved or spent, honestly', () => {
  expect(spaced(costSentence({ spent: 9, reactive: 10, saved: 1, seconds: 3600 }))).toMatch(
    /: \$1\.00 \(10 %\) saved\.$/,
  );
  expect(spaced(costSentence({ spent: 11, reactive: 10, saved: -1, seconds: 3600 }))).toMatch(
    /: \$1\.00 \(10 %\) more\.$/,
  );
  expect(costSentence({ spent: 0, reactive: 0, saved: 0, seconds: 0 })).toMatch(/not known yet/);
});

test('errorWords: against the seasonal guess', () => {
  expect([0.62, 1.1, 1].map((mase) => spaced(errorWords(mase)))).toEqual([
    'error 38 % below a seasonal guess',
    'error 10 % above a seasonal guess',
    'error as that of a seasonal guess',
  ]);
});

test.each([
  ['configured', null, ''],
  ['static', '2026-07-20', 'static prices of 2026-07-20'],
  ['live', '2026-11-26T04:00:00.000Z', 'live prices'],
  ['unknown', null, 'no price is known'],
] as const)('priceWords: %s of %s', (source, asOf, expected) => {
  expect(priceWords({ prices: { source, asOf } })).toBe(expected);
});

test('clockWords: real life, simulation, and one that stands still', () => {
  expect(clockWords({ nowS: 1000, wallS: 1010, speed: 1 })).toEqual({ simulated: false, words: 'Live' });
  expect(clockWords({ nowS: 1000, wallS: 9e9, speed: 1834 }).words).toBe('Simulated time ×1,800');
  expect(clockWords({ nowS: 1000, wallS: 9e9, speed: 0 }).words).toBe('Simulated time, stopped');
});
