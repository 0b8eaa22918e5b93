import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Readiness } from '../service/index.ts';
import { startTelemetry, type Telemetry } from '../telemetry/index.ts';
import { type HttpOptions, type HttpServer, startHttp } from './index.ts';

const TOKEN = 'correct horse';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const closing: (() => Promise<void>)[] = [];
let telemetry: Telemetry;

beforeAll(async () => {
  telemetry = await startTelemetry('forescale-test');
});
afterAll(async () => {
  for (const close of closing) await close();
  await telemetry.stop();
});

async function serve(options: Partial<HttpOptions>): Promise<HttpServer> {
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    token: null,
    narrow: null,
    readiness: new Readiness(),
    serveMetrics: telemetry.serveMetrics,
    routes: (app) => {
      app.get('/api/v1/plan', () => ({ plan: 1 }));
      app.post('/api/v1/override', (request) => ({ got: request.body }));
      app.get('/fails', () => {
        throw new Error('on purpose');
      });
    },
    ...options,
  });
  closing.push(() => server.close());
  return server;
}

describe('HTTP: more requests than one address may make', () => {
  const statuses = async (times: number, url: string, headers: Record<string, string> = {}) => {
    const answers: Response[] = [];
    for (let i = 0; i < times; i++) answers.push(await fetch(url, { headers }));
    return answers;
  };

  it('are told when to come again; probes and scrapers are answered on', async () => {
    const { url } = await serve({ requestsPerMinute: 10 });
    const answers = await statuses(11, `${url}/api/v1/plan`);
    expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(200), 429]);
    expect(Number(answers[10]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await answers[10]?.json()).toEqual({ error: 'too many requests from 127.0.0.1; allowed: 10 a minute' });
    for (const path of ['/healthz', '/readyz', '/metrics']) expect((await fetch(url + path)).status).not.toBe(429);
    expect((await fetch(`${url}/api/v1/plan`)).status).toBe(429);
  });

  it('with the token they are not counted', async () => {
    const { url } = await serve({ requestsPerMinute: 10, token: TOKEN });
    const answers = await statuses(30, `${url}/api/v1/plan`, bearer(TOKEN));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('whoever guesses tokens is let guess 60 times a minute, and the right one is taken all the same', async () => {
    const { url } = await serve({ requestsPerMinute: 100_000, token: TOKEN });
    const answers = await statuses(61, `${url}/api/v1/plan`, bearer('guessed'));
    expect(answers.map(({ status }) => status)).toEqual([...Array(60).fill(401), 429]);
    expect((await fetch(`${url}/api/v1/plan`, { headers: bearer(TOKEN) })).status).toBe(200);
  });
});

describe('HTTP: long answers', () => {
  it('are packed for who takes that, and come as they are for others', async () => {
    const long = { times: Array.from({ length: 1_000 }, (_, i) => i) };
    const { url } = await serve({ routes: (app) => void app.get('/long', () => long).get('/short', () => ({ a: 1 })) });
    const asked = async (path: string, encoding: string) => {
      const response = await fetch(url + path, { headers: { 'accept-encoding': encoding } });
      return [response.headers.get('content-encoding'), await response.json()];
    };
    expect(await asked('/long', 'gzip')).toEqual(['gzip', long]);
    expect(await asked('/long', 'identity')).toEqual([null, long]);
    expect(await asked('/short', 'gzip')).toEqual([null, { a: 1 }]);
  });
});

describe('HTTP: a token that opens little', () => {
  const status = async (url: string, path: string, token: string, method = 'POST') =>
    (await fetch(url + path, { method, headers: { authorization: `Bearer ${token}` } })).status;

  it('opens its own path and no other, whatever stands behind a path', async () => {
    const narrow = { token: 'narrow', paths: ['/api/v1/override'] };
    for (const token of [null, 'wide']) {
      const { url } = await serve({ token, narrow });
      expect(await status(url, '/api/v1/override', 'narrow')).toBe(200);
      expect(await status(url, '/api/v1/override?a=/b', 'narrow')).toBe(200);
      for (const path of ['/api/v1/other', '/api/v1/override/', '/api/v1/overrid%65', '/x?/api/v1/override'])
        expect(await status(url, path, 'narrow'), path).toBe(401);
      expect(await status(url, '/api/v1/override', 'wrong')).toBe(401);
    }
    const { url } = await serve({ token: 'wide', narrow });
    expect(await status(url, '/api/v1/plan', 'narrow', 'GET')).toBe(401);
    expect(await status(url, '/api/v1/plan', 'wide', 'GET')).toBe(200);
  });
});

describe('HTTP: who may do what', () => {
  let open: HttpServer;
  let guarded: HttpServer;
  beforeAll(async () => {
    open = await serve({});
    guarded = await serve({ token: TOKEN });
  });

  it.each<
    [
      what: string,
      guard: 'open' | 'guarded',
      method: string,
      path: string,
      headers: Record<string, string>,
      status: number,
    ]
  >([
    ['health needs no token', 'guarded', 'GET', '/healthz', {}, 200],
    ['readiness needs no token', 'guarded', 'GET', '/readyz', {}, 200],
    ['reading without a token where there is none', 'open', 'GET', '/api/v1/plan', {}, 200],
    ['metrics where there is none', 'open', 'GET', '/metrics', {}, 200],
    ['a look at the head', 'open', 'HEAD', '/api/v1/plan', {}, 200],
    ['changing where there is no token, ever', 'open', 'POST', '/api/v1/override', {}, 401],
    ['changing with some token where there is none', 'open', 'POST', '/api/v1/override', bearer('null'), 401],
    ['deleting where there is none', 'open', 'DELETE', '/api/v1/plan', {}, 401],
    ['reading without the token', 'guarded', 'GET', '/api/v1/plan', {}, 401],
    ['metrics without the token', 'guarded', 'GET', '/metrics', {}, 401],
    ['what does not exist, without the token', 'guarded', 'GET', '/nothing', {}, 401],
    ['a path that only looks like health', 'guarded', 'GET', '/healthz/../api/v1/plan', {}, 401],
    ['a wrong token', 'guarded', 'GET', '/api/v1/plan', bearer('wrong'), 401],
    ['the beginning of the token', 'guarded', 'GET', '/api/v1/plan', bearer('correct'), 401],
    ['the token and more', 'guarded', 'GET', '/api/v1/plan', bearer(`${TOKEN} battery`), 401],
    ['an empty token', 'guarded', 'GET', '/api/v1/plan', bearer(''), 401],
    ['the token in another scheme', 'guarded', 'GET', '/api/v1/plan', { authorization: `Basic ${TOKEN}` }, 401],
    ['the token in the address', 'guarded', 'GET', `/api/v1/plan?token=${TOKEN}`, {}, 401],
    ['the right token', 'guarded', 'GET', '/api/v1/plan', bearer(TOKEN), 200],
    ['metrics with the right token', 'guarded', 'GET', '/metrics', bearer(TOKEN), 200],
    ['changing with the right token', 'guarded', 'POST', '/api/v1/override', bearer(TOKEN), 200],
    ['what does not exist', 'open', 'GET', '/nothing', {}, 404],
  ])('%s (%s): %s %s', async (_what, guard, method, path, headers, status) => {
    const { url } = guard === 'open' ? open : guarded;
    const response = await fetch(`${url}${path}`, { method, headers });
    expect(response.status).toBe(status);
    if (status === 401 && method !== 'HEAD') {
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      const none = ' for changes, and none is configured: see autoscaler.http.token_file';
      expect(await response.json()).toEqual({ error: `a bearer token is required${guard === 'open' ? none : ''}` });
    }
  });

  it.each([
    ['JSON', { 'content-type': 'application/json' }, 200],
    ['JSON with a charset', { 'content-type': 'application/json; charset=utf-8' }, 200],
    ['what a form of another site may send', { 'content-type': 'text/plain' }, 415],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['from a page of its own', { 'content-type': 'application/json', origin: 'OWN' }, 200],
    ['from a page of another site', { 'content-type': 'application/json', origin: 'http://evil.example' }, 403],
    ['from a page of nowhere', { 'content-type': 'application/json', origin: 'null' }, 403],
  ])('a change with the token, sent as %s', async (_what, headers, status) => {
    const { url } = guarded;
    const own = Object.entries({ ...headers, ...bearer(TOKEN) }).map(([key, value]) => [
      key,
      value.replace('OWN', url),
    ]);
    const request = { method: 'POST', headers: Object.fromEntries(own), body: '{"min":3}' };
    expect((await fetch(`${url}/api/v1/override`, request)).status).toBe(status);
  });

  it('a body that does not come to its end is waited for no longer than it may take', async () => {
    const { url } = await serve({ token: TOKEN, requestTimeoutMs: 50 });
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    const head = `POST /api/v1/override HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${TOKEN}`;
    socket.write(`${head}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`);
    const said = await text(socket);
    expect(said).toMatch(/^HTTP\/1.1 408 /);
  });

  it('a body of more than 1 MiB is refused, one of less is not', async () => {
    const post = (length: number) =>
      fetch(`${guarded.url}/api/v1/override`, {
        method: 'POST',
        headers: { ...bearer(TOKEN), 'content-type': 'application/json' },
        body: JSON.stringify('x'.repeat(length)),
      });
    expect((await post(1_048_577)).status).toBe(413);
    expect((await post(1_000)).status).toBe(200);
  });

  it('a body is not read before the token', async () => {
    const { hostname, port } = new URL(guarded.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      'POST /api/v1/override HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n\r\n',
    );
    const [answer] = (await new Promise((resolve) => socket.once('data', (data) => resolve([data.toString()])))) as [
      string,
    ];
    socket.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });
});

describe('HTTP: what is said', () => {
  it('ready, or 503 with what is wrong', async () => {
    const readiness = new Readiness();
    const { url } = await serve({ readiness });
    const ask = async () => {
      const response = await fetch(`${url}/readyz`);
      return [response.status, await response.json()];
    };
    expect(await ask()).toEqual([200, { ready: true, reasons: {} }]);
    readiness.set('store', { ok: false, reason: 'ECONNREFUSED' });
    expect(await ask()).toEqual([503, { ready: false, reasons: { store: 'ECONNREFUSED' } }]);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('every measurement under its public name, in the text format of Prometheus', async () => {
    const { instruments } = telemetry;
    const { samplesWritten, scalingLeadTime, nodes, planDuration, ...others } = instruments;
    samplesWritten.add(7);
    scalingLeadTime.record(-30, { pool: 'web' });
    planDuration.record(0.004);
    nodes.record(3, { pool: 'web', state: 'ready' });
    for (const other of Object.values(others)) {
      if ('add' in other) other.add(1);
      else if ('record' in other) other.record(1);
      else other.addCallback((observed) => observed.observe(1));
    }
    const { url } = await serve({});
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    const text = await response.text();
    expect(text).toMatch(/^forescale_samples_written_total\{[^}]*\} 7$/m);
    expect(text).toMatch(/^forescale_nodes\{pool="web",state="ready"[^}]*\} 3$/m);
    expect(text).toMatch(/^forescale_scaling_lead_time_bucket\{pool="web"[^}]*le="0"\} 1$/m);
    // A plan takes milliseconds; the SDK's own buckets begin at five.
    expect(text).toMatch(/^forescale_plan_duration_bucket\{[^}]*le="0.01"\} 1$/m);
    for (const name of PUBLIC_NAMES) expect(text).toMatch(new RegExp(`^${name.replaceAll('.', '_')}\\w*(\\{| )`, 'm'));
  });

  it('no metrics where there is no telemetry', async () => {
    const { url } = await serve({ serveMetrics: null });
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
  });

  it('a handler that fails is a 500, and the server goes on', async () => {
    const { url } = await serve({});
    expect((await fetch(`${url}/fails`)).status).toBe(500);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('closes also with a client that keeps its connection', async () => {
    const server = await startHttp({
      host: '127.0.0.1',
      port: 0,
      token: null,
      narrow: null,
      readiness: new Readiness(),
      serveMetrics: null,
    });
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    await new Promise((resolve) => socket.once('connect', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await server.close();
    await closed;
  });
});

/** What dashboards ask for. */
const PUBLIC_NAMES = [
  'forescale.scaling.latency',
  'forescale.scaling.lead.time',
  'forescale.node.readiness.time',
  'forescale.node.start.time',
  'forescale.node.create.duration',
  'forescale.cost.rate',
  'forescale.cost.saved.rate',
  'forescale.forecast.error',
  'forescale.forecast.relative_error',
  'forescale.forecast.rejected',
  'forescale.forecast.coverage',
  'forescale.ready',
  'forescale.leader',
  'forescale.plan.duration',
  'forescale.provider.errors',
  'forescale.breaker.state',
  'forescale.spot.interruptions',
  'forescale.nodes',
  'forescale.samples.written',
  'forescale.samples.spooled',
  'forescale.samples.dropped',
  'forescale.safe_to_scale',
];
