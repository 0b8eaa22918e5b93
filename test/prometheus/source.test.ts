import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openConfigured } from '@forescale/cli/runtime';
import { PrometheusSource, type PrometheusSourceParts, type Reading } from '@forescale/collector/sources';
import { type PrometheusConfig, parseConfig } from '@forescale/shared/config';
import { type Log, silentLog } from '@forescale/shared/telemetry';
import { ManualClock, systemClock } from '@forescale/shared/time';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seeThrough } from '../harness/waiting.ts';
import { CA, CLIENT_CERT, CLIENT_KEY, SERVER_CERT, SERVER_KEY } from '../providers/externalgrpc/certificates.ts';
import { type FakePrometheus, startPrometheus } from '../servers/prometheus.ts';

const MINUTE_MS = 60_000;
const AT_MS = Date.UTC(2026, 2, 4, 12);
const never = new AbortController().signal;
const load = (seconds: number) => String(100 + (seconds % 3_600));

let directory: string;
let server: FakePrometheus;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'forescale-test-'));
  server = await startPrometheus({ load: [load], nan: [() => 'NaN'], many: [load, load], nothing: [() => null] });
});
afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

/** The configuration of one server, as it is written. */
function configured(lines: string, url = server.url): PrometheusConfig {
  const text = `autoscaler: { pools: [{ name: web }], sources: { prometheus: [{ url: "${url}", ${lines} }] } }`;
  return parseConfig(text, 'test', {}).sources.prometheus[0] as PrometheusConfig;
}

const queries = (...names: readonly string[]) =>
  `queries: [${names.map((query) => `{ pool: web, signal: ${query.replace(/\W/g, '') || 'broken'}, query: "${query}" }`).join(', ')}]`;

type Given = Partial<Pick<PrometheusSourceParts, 'newestMs' | 'ioClock' | 'log'>>;

async function source(lines: string, given: Given = {}, url = server.url): Promise<PrometheusSource> {
  const config = configured(lines, url);
  const { newestMs = async () => null, ioClock = systemClock, log = silentLog() } = given;
  const client = await openConfigured(config, (line) => log.warn(line));
  return new PrometheusSource({ config, client, newestMs, ioClock, log });
}

const timesOf = (reading: { readonly measurements: readonly { readonly timeMs: number }[] }) =>
  reading.measurements.map(({ timeMs }) => timeMs);

describe('a Prometheus as a source', () => {
  it('gives the value of a moment that is a multiple of the interval', async () => {
    const { read, name } = await bound(queries('load'));
    expect(name).toBe('prometheus main');
    const { measurements, refusals } = await read(AT_MS + 7_300);
    expect(measurements).toEqual([
      { pool: 'web', signal: 'load', source: 'prometheus-main', timeMs: AT_MS, value: 100 },
    ]);
    expect(refusals).toEqual([]);
    expect(server.instants).toEqual([AT_MS / 1_000]);
  });

  it('takes no value for a gap, and no number for none', async () => {
    const { read } = await bound(queries('nan', 'nothing', 'load'));
    expect(timesOf(await read(AT_MS))).toEqual([AT_MS]);
  });

  it('a query that is wrong is named, and takes none of the others with it', async () => {
    const { read } = await bound(queries('many', '(((', 'load'));
    const { measurements, refusals } = await read(AT_MS);
    expect(measurements).toHaveLength(1);
    expect(refusals).toEqual([
      'query of web/many: 2 series; allowed: one, such as sum(many)',
      expect.stringMatching(/^query of web\/broken: 127.0.0.1:\d+ refuses it: invalid parameter "query"/),
    ]);
  });

  it('fills the hole of its own outage, each moment once', async () => {
    const { read } = await bound(queries('load'));
    await read(AT_MS);
    server.fault = () => (response) => response.writeHead(503).end('overloaded');
    for (const minute of [1, 2, 3]) {
      await expect(read(AT_MS + minute * MINUTE_MS)).rejects.toThrow(/HTTP 503/);
    }
    server.fault = null;
    const minutes = [1, 2, 3, 4].map((minute) => AT_MS + minute * MINUTE_MS);
    expect(timesOf(await read(AT_MS + 4 * MINUTE_MS))).toEqual(minutes);
    expect(timesOf(await read(AT_MS + 5 * MINUTE_MS))).toEqual([AT_MS + 5 * MINUTE_MS]);
  });

  it('goes on behind what the store has, six hours back at most', async () => {
    const short = await bound(queries('load'), AT_MS - 3 * MINUTE_MS - 1);
    expect(timesOf(await short.read(AT_MS))).toHaveLength(4);
    const long = await bound(queries('load'), AT_MS - 90 * 24 * 60 * MINUTE_MS);
    const times = timesOf(await long.read(AT_MS));
    expect(times).toHaveLength(361);
    expect(times[0]).toBe(AT_MS - 360 * MINUTE_MS);
  });

  it('what nobody took, since its time was out, is asked for again', async () => {
    const { read } = await bound(queries('load'));
    await read(AT_MS);
    const gone = new AbortController();
    server.next = () => gone.abort(new Error('out of time'));
    await expect(read(AT_MS + MINUTE_MS, gone.signal)).rejects.toThrow('out of time');
    expect(timesOf(await read(AT_MS + 2 * MINUTE_MS))).toEqual([AT_MS + MINUTE_MS, AT_MS + 2 * MINUTE_MS]);
  });

  it.each<[what: string, next: FakePrometheus['next'], says: RegExp]>([
    ['a page', (response) => response.end('<html>'), /not an answer to query: the answer/],
    ['a reset', (response) => response.destroy(), /127.0.0.1:\d+: (ECONNRESET|UND_ERR_SOCKET)/],
    ['another server', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1' }).end(), /HTTP 302/],
    ['too much', (response) => response.end('x'.repeat(17 * 2 ** 20)), /an answer of more than 16777216 bytes/],
    [
      'a value of another time',
      (response) =>
        response.end(
          '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1700000000,"1"]}]}}',
        ),
      /a sample of time 1700000000, which was not asked for/,
    ],
    [
      'a value that is none',
      (response) =>
        response.end('{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":1}]}}'),
      /not an answer to query: data.result.0.value/,
    ],
  ])('%s instead of an answer is one line', async (_what, next, says) => {
    const { read } = await bound(queries('load'));
    server.next = next;
    const error = await read(AT_MS).catch((reason: Error) => reason);
    expect((error as Error).message).toMatch(says);
    expect((error as Error).message).not.toContain('\n');
  });
});

function recordedLog() {
  const lines: string[] = [];
  const say = (...said: readonly unknown[]) => void lines.push(String(said.at(-1)));
  return { log: { info: say, warn: say, error: say } as unknown as Log, lines };
}

/** Hangs on what `isMeant` says, until the server is closed. */
const hanging = (isMeant: (endPoint: string, query: string) => boolean) => {
  server.fault = (endPoint, query) => (isMeant(endPoint, query) ? () => {} : null);
};

/** What is read while the time of whatever hangs runs out. */
async function readWhileTimeRunsOut(
  read: (nowMs: number) => Promise<Reading>,
  nowMs: number,
  clock: ManualClock,
): Promise<Reading> {
  return seeThrough(read(nowMs), 10_000, () => clock.advanceTo(clock.nowMs() + 1_000));
}

describe('what one query cannot give takes nothing from the others, nor the past from the present', () => {
  it('a query that hangs is named once its time is out', async () => {
    const ioClock = new ManualClock(0);
    const { read } = await bound(queries('load', 'nothing'), null, { ioClock });
    hanging((_endPoint, query) => query === 'nothing');
    const { measurements, refusals } = await readWhileTimeRunsOut(read, AT_MS, ioClock);
    expect(measurements).toHaveLength(1);
    expect(refusals).toEqual([expect.stringMatching(/^query of web\/nothing: 127.0.0.1:\d+: no answer within 10 s$/)]);
  });

  it('a hole that takes too long to ask for costs no value of now, and is filled later', async () => {
    const ioClock = new ManualClock(0);
    const { read } = await bound(queries('load'), AT_MS - 3 * MINUTE_MS, { ioClock });
    hanging((endPoint) => endPoint === 'query_range');
    expect(timesOf(await readWhileTimeRunsOut(read, AT_MS, ioClock))).toEqual([AT_MS]);
    server.fault = null;
    const minutes = [-2, -1, 0, 1].map((minute) => AT_MS + minute * MINUTE_MS);
    expect(timesOf(await read(AT_MS + MINUTE_MS))).toEqual(minutes);
    expect(timesOf(await read(AT_MS + 2 * MINUTE_MS))).toEqual([AT_MS + 2 * MINUTE_MS]);
  });

  it('so does one that the server is too busy for', async () => {
    const { read } = await bound(queries('load'), AT_MS - 3 * MINUTE_MS);
    server.fault = (endPoint) =>
      endPoint === 'query_range' ? (response) => response.writeHead(503).end('overloaded') : null;
    expect(timesOf(await read(AT_MS))).toEqual([AT_MS]);
    server.fault = null;
    expect(timesOf(await read(AT_MS + MINUTE_MS))).toHaveLength(4);
  });

  it('a hole that is too much at once is filled in parts', async () => {
    const { read } = await bound(`interval: 10s, ${queries('load')}`, AT_MS - 3_600_000);
    const tooMuch = 'query processing would load too many samples into memory in query execution';
    let refused = 0;
    server.fault = (endPoint) =>
      endPoint === 'query_range' && refused++ < 2
        ? (response) => response.writeHead(422).end(`{"status":"error","errorType":"execution","error":"${tooMuch}"}`)
        : null;
    const times = new Set<number>();
    for (let reading = 0; reading < 12; reading++)
      for (const timeMs of timesOf(await read(AT_MS + reading * 10_000))) times.add(timeMs);
    const expected = Array.from({ length: 371 }, (_, k) => AT_MS - 3_600_000 + (k + 1) * 10_000);
    expect([...times].toSorted((a, b) => a - b)).toEqual(expected);
    expect(Math.max(...server.answered)).toBeLessThan(200);
  });

  it('what the server can give in no size stays missing, with a line, and is asked for no more', async () => {
    const { log, lines } = recordedLog();
    const { read } = await bound(queries('load'), AT_MS - 3 * MINUTE_MS, { log });
    let asked = 0;
    server.fault = (endPoint) =>
      endPoint === 'query_range' && ++asked > 0 ? (response) => response.writeHead(404).end() : null;
    expect(timesOf(await read(AT_MS))).toEqual([AT_MS]);
    expect(timesOf(await read(AT_MS + MINUTE_MS))).toEqual([AT_MS + MINUTE_MS]);
    expect(asked).toBe(1);
    expect(lines).toEqual([
      expect.stringMatching(
        /^prometheus main: query of web\/load: .* since 2026-03-04T11:58:00.000Z stays so: .*HTTP 404/,
      ),
    ]);
  });

  it('a store that is away at the start is asked again, for what it had before', async () => {
    let isAway = true;
    const asked: number[] = [];
    const newestMs: PrometheusSourceParts['newestMs'] = async (_pool, _signal, _source, untilMs) => {
      asked.push(untilMs);
      if (isAway) throw new Error('the store is away');
      return AT_MS - 3 * MINUTE_MS;
    };
    const { read } = await bound(queries('load'), null, { newestMs });
    expect(timesOf(await read(AT_MS))).toEqual([AT_MS]);
    isAway = false;
    expect(timesOf(await read(AT_MS + MINUTE_MS))).toHaveLength(4);
    // What it took in since the start says nothing of what is missing before.
    expect(asked).toEqual([AT_MS - 1, AT_MS - 1]);
  });
});

describe('what there is to know of a query is said once', () => {
  it('that it gives no value, and that it gives one again', async () => {
    const { log, lines } = recordedLog();
    const known: readonly (string | null)[] = ['1', null, null, '1', 'NaN'];
    await server.close();
    server = await startPrometheus({ load: [(seconds) => known[(seconds - AT_MS / 1_000) / 60] ?? null] });
    const { read } = await bound(queries('load'), null, { log });
    for (const minute of known.keys()) await read(AT_MS + minute * MINUTE_MS);
    expect(lines).toEqual([
      'prometheus main: query of web/load gives no value',
      'prometheus main: query of web/load gives values again',
      'prometheus main: query of web/load gives no value',
    ]);
  });

  it('what the server warns of', async () => {
    const { log, lines } = recordedLog();
    server.warnings = ['partial response: a store was not reached'];
    const { read } = await bound(queries('load'), null, { log });
    for (const minute of [0, 1, 2]) expect(timesOf(await read(AT_MS + minute * MINUTE_MS))).toHaveLength(1);
    expect(lines).toEqual([
      expect.stringMatching(/^127.0.0.1:\d+ warns of "load": partial response: a store was not reached$/),
    ]);
  });
});

describe('a Prometheus that wants to know who asks', () => {
  it('a token that is replaced in its file is used from then on', async () => {
    const file = join(directory, 'token');
    await writeFile(file, 'first\n');
    server.token = 'first';
    const { read } = await bound(`token_file: "${file}", ${queries('load')}`);
    expect(timesOf(await read(AT_MS))).toHaveLength(1);
    server.token = 'second';
    await expect(read(AT_MS + MINUTE_MS)).rejects.toThrow(/HTTP 401/);
    await writeFile(file, 'second\n');
    expect(timesOf(await read(AT_MS + MINUTE_MS))).toHaveLength(1);
  });

  it('a file that cannot be read is refused at the start, by name', async () => {
    await expect(source(`token_file: "${directory}/none", ${queries('load')}`)).rejects.toThrow(
      `autoscaler.sources.prometheus "main".token_file = ${directory}/none: cannot be read: ENOENT`,
    );
  });

  describe('by TLS', () => {
    let tls: Server;
    const seen: (string | undefined)[] = [];
    beforeEach(async () => {
      for (const [name, text] of Object.entries({ ca: CA, cert: CLIENT_CERT, key: CLIENT_KEY, password: 'pass' }))
        await writeFile(join(directory, name), text);
      const options = { cert: SERVER_CERT, key: SERVER_KEY, ca: CA, requestCert: true, rejectUnauthorized: true };
      tls = createServer(options, (request, response) => {
        seen.push(request.headers.authorization);
        response.end('{"status":"success","data":{"resultType":"scalar","result":[1772625600,"42"]}}');
      });
      await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
    });
    afterEach(async () => {
      tls.closeAllConnections();
      await new Promise((resolve) => tls.close(resolve));
    });
    const url = () => `https://127.0.0.1:${(tls.address() as AddressInfo).port}`;
    const file = (name: string) => `"${join(directory, name)}"`;

    it('shows its certificate and its password, and takes a scalar', async () => {
      const lines = `tls: { ca_file: ${file('ca')}, cert_file: ${file('cert')}, key_file: ${file('key')}, server_name: cloud.test }`;
      const login = `username: me, password_file: ${file('password')}`;
      const one = await source(`${lines}, ${login}, ${queries('load')}`, {}, url());
      const { measurements } = await one.read(AT_MS, never);
      expect(measurements.map(({ value }) => value)).toEqual([42]);
      expect(seen.at(-1)).toBe(`Basic ${Buffer.from('me:pass').toString('base64')}`);
    });

    it('believes no server of another authority', async () => {
      const one = await source(queries('load'), {}, url());
      await expect(one.read(AT_MS, never)).rejects.toThrow(/CERT|SELF_SIGNED|ISSUER|certificate/i);
    });
  });
});

/** The source with the arguments that most tests leave as they are. */
async function bound(lines: string, newestMs: number | null = null, given: Given = {}) {
  const one = await source(lines, { newestMs: async () => newestMs, ...given });
  return { name: one.name, read: (nowMs: number, signal: AbortSignal = never) => one.read(nowMs, signal) };
}
