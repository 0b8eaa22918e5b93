import { expect, it } from 'vitest';
import { parseConfig } from '../index.ts';

const configured = (sources: string, http = 'push_token_file: t') =>
  parseConfig(`autoscaler: { http: { ${http} }, pools: [{ name: web }], sources: { ${sources} } }`, 'f', {});

it('nothing is taken over HTTP unless its section is there', () => {
  expect(configured('').sources).toMatchObject({ push: false, otlp: null });
  expect(configured('push: {}').sources).toMatchObject({ push: true, otlp: null });
  const { otlp } = configured(
    'otlp: { metrics: [{ metric: a, attributes: { b: 7, c: true }, pool: web, signal: rps }] }',
  ).sources;
  expect(otlp?.metrics).toEqual([
    { metric: 'a', attributes: { b: '7', c: 'true' }, pool: 'web', signal: 'rps', of: 'count' },
  ]);
});

it.each<[what: string, sources: string, http: string, message: string]>([
  ['without a token', 'push: {}', '', 'autoscaler.sources.push = {}: allowed with http.push_token_file'],
  [
    'otlp without a token',
    'otlp: { metrics: [{ metric: a, pool: web, signal: b }] }',
    '',
    'autoscaler.sources.otlp = ',
  ],
  [
    'no metric',
    'otlp: { metrics: [] }',
    'token_file: t',
    'autoscaler.sources.otlp.metrics = []: allowed: a list of 1 to 500',
  ],
  [
    'another pool',
    'otlp: { metrics: [{ metric: a, pool: db, signal: b }] }',
    'token_file: t',
    'autoscaler.sources.otlp.metrics[0].pool = "db": allowed: web',
  ],
  [
    'what there is not',
    'otlp: { metrics: [{ metric: a, pool: web, signal: b, of: p99 }] }',
    'token_file: t',
    'autoscaler.sources.otlp.metrics[0].of = "p99": allowed: count, sum, mean',
  ],
])('%s: refused', (_what, sources, http, message) => {
  expect(() => configured(sources, http)).toThrow(`f: ${message}`);
});
