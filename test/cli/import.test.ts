import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSqliteStore, type StoreRow } from '@forescale/shared/store';
import { ManualClock } from '@forescale/shared/time';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../harness/config-file.ts';
import { type FakePrometheus, startPrometheus } from '../servers/prometheus.ts';
import { ran } from './captured.ts';

const TOKEN = 'a-secret-token';
const ONE_LINE = /^forescale: [^\n]+\n$/;
const load = (seconds: number) => 100 + 50 * Math.sin(seconds / 3_600);

let directory: string;
let config: string;
let remove: () => Promise<void>;
let prometheus: FakePrometheus;

beforeAll(async () => {
  prometheus = await startPrometheus(
    {
      'sum(load)': [(seconds) => load(seconds).toFixed(6)],
      gaps: [(s) => (s % 600 === 0 ? 'NaN' : s % 600 === 60 ? '+Inf' : s % 600 === 120 ? null : '7')],
      many: [() => '1', () => '2', () => '3'],
    },
    TOKEN,
  );
});
afterAll(() => prometheus.close());

beforeEach(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  config = join(directory, 'config.yaml');
  await writeFile(join(directory, 'token'), `${TOKEN}\n`);
  await writeFile(
    config,
    `autoscaler:
  data_dir: "${directory}"
  store: { kind: sqlite, path: "${join(directory, 'store.db')}" }
  kubernetes: { enabled: false }
  pools:
    - name: web
      capacity_per_node: 10
      bounds: { min_nodes: 1, max_nodes: 100 }
      signals: [{ name: load, interval: 60s }, { name: requested-cpu }]
`,
  );
});
afterEach(() => remove());

const importing = (...args: readonly string[]) => ran('import', '--config', config, ...args);
const asking = (query: string, days: string, ...more: readonly string[]) =>
  importing(
    '--prometheus',
    prometheus.url,
    '--token-file',
    join(directory, 'token'),
    '--query',
    query,
    '--days',
    days,
    ...more,
  );

async function stored(signal = 'load'): Promise<StoreRow[]> {
  const store = await createSqliteStore({ path: join(directory, 'store.db'), clock: new ManualClock(0) });
  try {
    return await store.query({ measurement: 'kpi', tags: { pool: 'web', signal }, fields: ['value'], limit: 100_000 });
  } finally {
    await store.close();
  }
}

describe('import --prometheus', () => {
  it('asks for 28 days of minutes in parts, and stores every one of them', async () => {
    prometheus.answered.length = 0;
    const { code, stdout, stderr } = await asking('sum(load)', '28');
    expect(code, stderr).toBe(0);
    expect(prometheus.answered).toEqual([10_000, 10_000, 10_000, 10_000, 321]);
    const rows = await stored();
    expect(rows).toHaveLength(28 * 1_440 + 1);
    expect(stdout).toMatch(/^40321 samples into web\/load, \d{4}-\d\d-\d\dT[\d:.]+Z to /);
    const times = rows.map(({ timeMs }) => timeMs);
    expect(new Set(times.slice(1).map((timeMs, k) => timeMs - (times[k] as number)))).toEqual(new Set([60_000]));
    expect(rows[12_345]?.fields.value).toBeCloseTo(load((rows[12_345]?.timeMs ?? 0) / 1_000), 5);
    expect(rows[0]?.tags.source).toBe('import');
  });

  it('leaves out what the store does not keep, and says so', async () => {
    const text = await readFile(config, 'utf8');
    await writeFile(config, text.replace('kind: sqlite,', 'kind: sqlite, retention: 2d,'));
    const { code, stdout, stderr } = await asking('sum(load)', '5', '--step', '1h');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^4[89] samples into web\/load/);
    expect(stdout).toMatch(/\n7[23] samples older than the store's retention were left out\n$/);
  });

  it('takes NaN, infinite and absent values for gaps', async () => {
    expect((await asking('gaps', '1', '--signal', 'requested-cpu')).code).toBe(0);
    const rows = await stored('requested-cpu');
    expect(rows.length).toBeGreaterThan(1_000);
    expect(rows.filter(({ fields, timeMs }) => fields.value !== 7 || (timeMs / 1_000) % 600 <= 120)).toEqual([]);
  });

  it('adds nothing when it is repeated', async () => {
    await asking('sum(load)', '1', '--step', '1h');
    const once = (await stored()).length;
    await asking('sum(load)', '1', '--step', '1h');
    expect((await stored()).length).toBe(once);
  });

  it.each<[what: string, args: () => string[], says: RegExp]>([
    ['no source', () => [], /import needs one source; allowed: --csv FILE, or --prometheus URL/],
    ['two sources', () => ['--csv', 'a', '--prometheus', 'http://h'], /import needs one source/],
    ['no query', () => ['--prometheus', 'http://h', '--days', '1'], /--query is absent; allowed: PromQL/],
    ['years', () => ['--prometheus', 'http://h', '--query', 'x', '--days', '1000'], /--days = "1000"; allowed/],
    [
      'no URL',
      () => ['--prometheus', 'h:9090', '--query', 'x', '--days', '1'],
      /--prometheus = "h:9090"; allowed: an http/,
    ],
    [
      'a login in the URL',
      () => ['--prometheus', 'http://me:hunter2@h', '--query', 'x', '--days', '1'],
      /--prometheus = "http:\/\/\*\*\*@h"; allowed/,
    ],
    [
      'a step without a unit',
      () => ['--prometheus', 'http://h', '--query', 'x', '--days', '1', '--step', '60'],
      /--step = "60"; allowed/,
    ],
    ['another signal', () => ['--csv', 'a', '--signal', 'none'], /--signal = "none"; allowed: load, requested-cpu/],
    ['another pool', () => ['--csv', 'a', '--pool', 'none'], /--pool = "none"; allowed: web/],
    ['a source that no store takes', () => ['--csv', 'a', '--source', 'a\\b'], /--source = "a\\\\b"; allowed/],
    ['a file that is not there', () => ['--csv', 'none.csv'], /none.csv: cannot be read: ENOENT/],
  ])('%s: exit 2 and one line', async (_what, args, says) => {
    const { code, stderr } = await importing(...args());
    expect(stderr).toMatch(ONE_LINE);
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
  });

  it.each<[what: string, query: string, says: RegExp]>([
    [
      'a query that does not parse',
      '(((',
      /--query = "\(\(\(": 127.0.0.1:\d+ refuses it: invalid parameter "query": 1:4: parse error/,
    ],
    ['several series', 'many', /--query = "many": 3 series; allowed: one, such as sum\(many\)/],
    ['a query without a result', 'nothing', /--query = "nothing": no samples; allowed/],
  ])('%s: exit 2 and one line', async (_what, query, says) => {
    const { code, stderr } = await asking(query, '1');
    expect(stderr).toMatch(ONE_LINE);
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
  });

  it.each<[what: string, next: NonNullable<FakePrometheus['next']>, says: RegExp]>([
    [
      'a server that is another',
      (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      /127.0.0.1:\d+: HTTP 302 Found/,
    ],
    ['a page instead of an answer', (response) => response.end('<html>'), /not an answer to query_range/],
    [
      'values of another kind',
      (response) => response.end('{"status":"success","data":{"resultType":"vector","result":[]}}'),
      /not an answer to query_range: data.resultType/,
    ],
    [
      'times that were not asked for',
      (response) =>
        response.end('{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"]]}]}}'),
      /a sample of time 1, which was not asked for/,
    ],
    [
      'an answer without an end',
      (response) => response.end('x'.repeat(17 * 2 ** 20)),
      /an answer of more than 16777216 bytes/,
    ],
  ])('%s: exit 1 and one line', async (_what, next, says) => {
    prometheus.fault = () => next;
    const { code, stderr } = await asking('sum(load)', '1');
    prometheus.fault = null;
    expect(stderr).toMatch(ONE_LINE);
    expect(stderr).toMatch(says);
    expect(code).toBe(1);
  });

  it('a token that is wrong is refused, and not told', async () => {
    await writeFile(join(directory, 'token'), 'another-secret');
    const { code, stderr } = await asking('sum(load)', '1');
    expect(stderr).toMatch(/HTTP 401/);
    expect(stderr).not.toContain('another-secret');
    expect(code).toBe(1);
  });

  it('goes on where it was broken off, and asks for nothing twice', async () => {
    const parts: number[] = prometheus.answered;
    parts.length = 0;
    // The third part is none, and ends the first run.
    prometheus.after = { answers: 2, next: (response) => response.end('<html>') };
    expect((await asking('sum(load)', '28')).code).toBe(1);
    expect(await stored()).toHaveLength(20_000);
    const { code, stdout, stderr } = await asking('sum(load)', '28');
    expect(code, stderr).toBe(0);
    expect(parts.slice(0, 4)).toEqual([10_000, 10_000, 10_000, 10_000]);
    expect(stdout).toMatch(
      /^web\/load: goes on where an earlier import was broken off\n203\d\d samples into web\/load/,
    );
    const times = (await stored()).map(({ timeMs }) => timeMs);
    expect(new Set(times.slice(1).map((timeMs, k) => timeMs - (times[k] as number)))).toEqual(new Set([60_000]));
    // Once it has ended, the same import is asked for from its beginning.
    parts.length = 0;
    await asking('sum(load)', '28');
    expect(parts).toHaveLength(5);
  });

  it('begins anew where the store is another one than it was broken off with', async () => {
    prometheus.after = { answers: prometheus.answered.length + 2, next: (response) => response.end('<html>') };
    expect((await asking('sum(load)', '28')).code).toBe(1);
    await rm(join(directory, 'store.db'));
    const { code, stdout } = await asking('sum(load)', '28');
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^40321 samples into web\/load/) });
    expect(await stored()).toHaveLength(28 * 1_440 + 1);
  });

  it('a query of the configuration that is wrong takes none of the others with it, and a server its own', async () => {
    const text = await readFile(config, 'utf8');
    await writeFile(
      config,
      `${text}  sources:
    prometheus:
      - { name: other, url: "http://127.0.0.1:${prometheus.url.split(':').at(-1)}", queries: [{ pool: web, signal: load, query: "sum(load)" }, { pool: web, signal: rps, query: gaps }] }
      - name: main
        url: ${prometheus.url}
        token_file: "${join(directory, 'token')}"
        queries:
          - { pool: web, signal: requested-cpu, query: many }
          - { pool: web, signal: load, query: "sum(load)" }
`,
    );
    const { code, stdout, stderr } = await importing('--days', '1');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^1441 samples into web\/load, [^\n]*\n$/);
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^query of web\/load: 127.0.0.1:\d+: HTTP 401 Unauthorized$/),
      expect.stringMatching(/^query of web\/rps: 127.0.0.1:\d+: HTTP 401 Unauthorized$/),
      'query of web/requested-cpu = "many": 3 series; allowed: one, such as sum(many)',
      'forescale: 3 of 4 queries were not imported',
    ]);
  });

  it('without a query brings what the configuration asks its servers for, into the same series', async () => {
    const text = await readFile(config, 'utf8');
    await writeFile(
      config,
      `${text}  sources:
    prometheus:
      - name: main
        url: ${prometheus.url}
        token_file: "${join(directory, 'token')}"
        queries:
          - { pool: web, signal: load, query: "sum(load)" }
          - { pool: web, signal: requested-cpu, query: gaps }
`,
    );
    const { code, stdout, stderr } = await importing('--days', '1');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^1441 samples into web\/load, .*\n\d+ samples into web\/requested-cpu, /);
    expect((await stored())[0]?.tags).toEqual({ pool: 'web', signal: 'load', source: 'prometheus-main' });
    const one = await importing('--days', '1', '--signal', 'requested-cpu');
    expect(one.stdout).toMatch(/^\d+ samples into web\/requested-cpu, [^\n]*\n$/);
    const none = await importing('--days', '1', '--signal', 'none');
    expect(none).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--pool and --signal; allowed: those of a query/),
    });
  });
});

describe('import --csv', () => {
  it('says what the store would not keep, and refuses what is all too old', async () => {
    const trace = join(directory, 'old.csv');
    const now = Math.floor(Date.now() / 1_000);
    await writeFile(trace, `timestamp,value\n1700000000,1\n${now - 60},2\n${now},3\n`);
    const { code, stdout } = await importing('--csv', trace);
    expect(stdout).toMatch(/^2 samples into web\/load, .*\n1 sample older than the store's retention was left out\n$/);
    expect(code).toBe(0);
    await writeFile(trace, 'timestamp,value\n1700000000,1\n');
    const old = await importing('--csv', trace);
    expect(old.stderr).toMatch(
      /^forescale: .*old.csv: all samples are older than the store's retention; allowed: newer than \d/,
    );
    expect(old.code).toBe(2);
  });
});

describe('simulate --from-store', () => {
  it('replays what was imported, and says what would have been', async () => {
    const trace = join(directory, 'load.csv');
    const startSeconds = 60 * Math.floor(Date.now() / 60_000) - 3 * 86_400;
    const rows = Array.from({ length: 2_000 }, (_, k) => `${startSeconds + 60 * k},${load(60 * k)}`);
    await writeFile(trace, `timestamp,value\n${rows.join('\n')}\n`);
    expect(await importing('--csv', trace)).toMatchObject({
      code: 0,
      stderr: '',
      stdout: /^2000 samples into web\/load/,
    });
    const simulating = (...args: readonly string[]) =>
      ran('simulate', '--config', config, '--policy', 'reactive', ...args);
    const [file, store] = [await simulating(trace), await simulating('--from-store', 'web/load')];
    expect(store.stdout).toMatch(
      /^web\/load: policy reactive would have cost \d+.\d\d USD and missed \d.\d+ % of the demand/,
    );
    expect(withoutTimes(store.stdout)).toBe(withoutTimes(file.stdout));
  });

  it.each<[what: string, args: string[], says: RegExp]>([
    ['no load', [], /simulate needs one load; allowed: a trace, or --from-store POOL\/SIGNAL/],
    ['two loads', ['a.csv', '--from-store', 'web/load'], /simulate needs one load/],
    ['no signal', ['--from-store', 'web'], /--from-store = "web"; allowed: POOL\/SIGNAL/],
    ['another pool', ['--from-store', 'db/load'], /--from-store = "db"; allowed: web/],
    ['another signal', ['--from-store', 'web/kpi'], /--from-store = "kpi"; allowed: load, requested-cpu/],
    [
      'no history',
      ['--from-store', 'web/load'],
      /--from-store = web\/load: no samples; allowed: a signal with history/,
    ],
  ])('%s: exit 2 and one line', async (_what, args, says) => {
    const { code, stderr } = await ran('simulate', '--config', config, ...args);
    expect(stderr).toMatch(ONE_LINE);
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
  });
});

/** How long decisions took, and the name of the load, differ from run to run. */
function withoutTimes(text: string): string {
  return text.replace(/^.*: policy/, '').replace(/decisions .*/, '');
}
