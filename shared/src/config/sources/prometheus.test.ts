import { describe, expect, it } from 'vitest';
import { parseConfig } from '../index.ts';

const configured = (body: string) => `autoscaler: { pools: [{ name: web }], sources: { prometheus: [{ ${body} }] } }`;
const QUERY = 'queries: [{ pool: web, signal: rps, query: x }]';
const server = (body: string) => configured(`url: "http://h:9090", ${body}`);

describe('sources.prometheus', () => {
  it('is complete with a URL and a query', () => {
    expect(parseConfig(server(QUERY), 'f', {}).sources.prometheus).toEqual([
      {
        ...{ name: 'main', url: 'http://h:9090', username: null, passwordFile: null, tokenFile: null, tls: null },
        ...{ intervalMs: 60_000, timeoutMs: 10_000 },
        queries: [{ pool: 'web', signal: 'rps', query: 'x', unit: null }],
      },
    ]);
  });

  it.each<[what: string, yaml: string, message: string]>([
    ['no URL', configured(`url: "h:9090", ${QUERY}`), '.url = "h:9090": allowed: an http(s) URL'],
    ['no query', server('queries: []'), '.queries = []: allowed: a list of 1 to 200 queries'],
    ['another pool', server('queries: [{ pool: db, signal: rps, query: x }]'), '.queries[0].pool = "db": allowed: web'],
    [
      'a signal that is asked for twice',
      server('queries: [{ pool: web, signal: rps, query: x }, { pool: web, signal: rps, query: y }]'),
      '.queries[1].signal = "rps": allowed: each signal of a pool once',
    ],
    [
      'a name too long for a tag',
      server(`name: ${'n'.repeat(53)}, ${QUERY}`),
      `.name = "${'n'.repeat(53)}": allowed: a name of`,
    ],
    [
      'a URL with parameters',
      configured(`url: "http://h/?tenant=a", ${QUERY}`),
      '.url = "http://h/?tenant=a": allowed: an http(s) URL without',
    ],
    ['a user without a password', server(`username: me, ${QUERY}`), '.password_file is absent: allowed: username and'],
    [
      'a user and a token',
      server(`username: me, password_file: p, token_file: t, ${QUERY}`),
      '.token_file = "t": allowed: instead of username',
    ],
    [
      'half of a certificate',
      server(`tls: { cert_file: c }, ${QUERY}`),
      '.tls.key_file is absent: allowed: cert_file and key_file together',
    ],
    ['a pace of nobody', server(`interval: 1ms, ${QUERY}`), '.interval = "1ms": allowed: a duration'],
    ['an unknown key', server(`scrape: 1, ${QUERY}`), '.scrape = 1: unknown key; allowed: name, url, username'],
  ])('%s is refused', (_what, yaml, message) => {
    expect(() => parseConfig(yaml, 'f', {})).toThrow(`f: autoscaler.sources.prometheus[0]${message}`);
  });

  it('two traces of one signal are refused', () => {
    const trace = '{ pool: web, signal: rps, file: a.csv }';
    const text = `autoscaler: { pools: [{ name: web }], sources: { traces: [${trace}, ${trace}] } }`;
    expect(() => parseConfig(text, 'f', {})).toThrow(
      'f: autoscaler.sources.traces[1].signal = "rps": allowed: each signal of a pool once',
    );
  });

  it('a login in the URL is refused, and not told', () => {
    const text = configured(`url: "http://me:hunter2@h:9090", ${QUERY}`);
    expect(() => parseConfig(text, 'f', {})).toThrow(/prometheus\[0\].url = "http:\/\/\*\*\*@h:9090": allowed/);
  });

  it('two servers of one name are refused', () => {
    const twice = `autoscaler: { pools: [{ name: web }], sources: { prometheus: [{ url: "http://h", ${QUERY} }, { url: "http://g", ${QUERY} }] } }`;
    expect(() => parseConfig(twice, 'f', {})).toThrow(
      'f: autoscaler.sources.prometheus[1].name is absent: allowed: each name once',
    );
  });
});
