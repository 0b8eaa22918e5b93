import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { MachineRequest } from '../port.ts';
import { SimulatedProvider } from './provider.ts';

const MACHINE = {
  id: 'sim-1',
  providerId: 'simulated://a/sim-1',
  requestId: 'r-1',
  clusterTag: 'c-1',
  pool: 'web',
  nodeName: 'n-1',
  state: 'starting',
  requestedMs: 1_000,
  offering: { region: 'local', zone: 'a', instanceType: 'small', capacityType: 'spot' },
};

const PLACE = { provider: '', region: 'local' };

const REQUEST: MachineRequest = {
  requestId: 'r-1',
  token: 'r-1',
  nodeName: 'n-1',
  clusterTag: 'c-1',
  pool: 'web',
  offering: {
    provider: '',
    ...MACHINE.offering,
    capacityType: 'spot',
    usdPerHour: 1,
    allocatable: null,
    interruption: null,
  },
  labels: {},
  taints: [],
  createdMs: 0,
  groupSize: 1,
};

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A provider of a cloud that answers as `answer` says; `seen` are the requests. */
async function cloud(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  tokenFile: string | null = null,
) {
  const seen: { method: string; url: string; body: string; authorization: string | undefined }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({
      method: request.method ?? '',
      url: request.url ?? '',
      body,
      authorization: request.headers.authorization,
    });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { provider: new SimulatedProvider({ url: `http://127.0.0.1:${port}`, tokenFile }), seen };
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  cloud((_request, response) => response.writeHead(status, headers).end(JSON.stringify(body)));

const signal = () => new AbortController().signal;
const failure = (errorClass: string) => ({ error: { class: errorClass, message: 'no' } });

describe('simulated provider: what an answer means', () => {
  it.each([
    ['the class that the body names', 503, failure('capacity'), 'capacity', false],
    ['quota', 403, failure('quota'), 'quota', false],
    ['throttled', 429, failure('throttled'), 'throttled', false],
    ['transient', 500, failure('transient'), 'transient', true],
    ['auth', 401, failure('auth'), 'auth', false],
    ['config', 400, failure('config'), 'config', false],
    ['conflict', 409, failure('conflict'), 'conflict', true],
    ['429 without a class', 429, {}, 'throttled', false],
    ['401 without a class', 401, {}, 'auth', false],
    ['403 without a class', 403, {}, 'auth', false],
    ['422 without a class', 422, {}, 'config', false],
    ['502 without a class', 502, 'Bad Gateway', 'transient', true],
    ['a class that nobody knows', 500, failure('gremlins'), 'transient', true],
    ['a machine without its id', 201, { ...MACHINE, id: undefined }, 'transient', true],
    ['a page instead of a machine', 201, { machines: [] }, 'transient', true],
  ])('%s', async (_what, status, body, errorClass, ambiguous) => {
    const { provider } = await json(status, body);
    await expect(provider.create(REQUEST, signal())).rejects.toMatchObject({ errorClass, ambiguous });
  });

  it('Retry-After is kept', async () => {
    const { provider } = await json(429, failure('throttled'), { 'retry-after': '7' });
    await expect(provider.create(REQUEST, signal())).rejects.toMatchObject({ retryAfterMs: 7_000 });
  });

  it('no answer, half an answer and an endless one may all have been carried out', async () => {
    const reset = await cloud((request) => void request.socket.destroy());
    const half = await cloud((_request, response) => {
      response.writeHead(201, { 'content-length': '1000' });
      response.write('{"id":');
      setImmediate(() => response.destroy());
    });
    const endless = await cloud((_request, response) => {
      const chunk = Buffer.alloc(2 ** 20, ' ');
      response.writeHead(201);
      const more = () => response.destroyed || response.write(chunk, more);
      more();
    });
    for (const { provider } of [reset, half, endless])
      await expect(provider.create(REQUEST, signal())).rejects.toMatchObject({
        errorClass: 'transient',
        ambiguous: true,
      });
  });

  it('ends when it is told to', async () => {
    const { provider } = await cloud(() => {});
    const abort = new AbortController();
    const call = provider.list('c-1', abort.signal);
    abort.abort();
    await expect(call).rejects.toMatchObject({ errorClass: 'transient' });
  });
});

describe('simulated provider: calls', () => {
  it('creates with token, name, tags and offering; the answer is a machine', async () => {
    const { provider, seen } = await json(201, MACHINE);
    expect(await provider.create(REQUEST, signal())).toEqual({
      machines: [expect.objectContaining({ id: 'sim-1', state: 'starting', createdMs: 1_000 })],
      failures: [],
    });
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/cloud/v1/machines' });
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ token: 'r-1', nodeName: 'n-1', clusterTag: 'c-1' });
  });

  it('with the token that its file has at the time, and without one where there is no file', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'forescale-test-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = join(directory, 'token');
    const page = JSON.stringify({ machines: [], nextPageToken: null });
    const { provider, seen } = await cloud((_request, response) => response.end(page), file);
    await expect(provider.list('c-1', signal())).rejects.toMatchObject({ errorClass: 'auth' });
    for (const token of ['one', 'two']) {
      await writeFile(file, `${token}\n`);
      await provider.list('c-1', signal());
    }
    const open = await cloud((_request, response) => response.end(page));
    await open.provider.list('c-1', signal());
    const sent = [...seen, ...open.seen].map((request) => request.authorization);
    expect(sent).toEqual(['Bearer one', 'Bearer two', undefined]);
  });

  it('lists page by page and leaves out what has ended', async () => {
    const pages = [
      { machines: [MACHINE, { ...MACHINE, id: 'sim-2', state: 'terminated' }], nextPageToken: 'sim-2' },
      { machines: [{ ...MACHINE, id: 'sim-3' }], nextPageToken: null },
    ];
    const { provider, seen } = await cloud((_request, response) => response.end(JSON.stringify(pages.shift())));
    expect((await provider.list('c-1', signal())).map((machine) => machine.id)).toEqual(['sim-1', 'sim-3']);
    expect(seen.map((one) => one.url)).toEqual([
      '/cloud/v1/machines?clusterTag=c-1&limit=1000',
      '/cloud/v1/machines?clusterTag=c-1&limit=1000&pageToken=sim-2',
    ]);
  });

  it.each([
    [200, { ...MACHINE, state: 'terminating' }, 'terminating'],
    [200, { ...MACHINE, state: 'terminated' }, 'gone'],
    [404, failure('config'), 'gone'],
  ])('terminate: %i %j', async (status, body, outcome) => {
    const { provider, seen } = await json(status, body);
    expect(await provider.terminate('sim/1', PLACE, signal())).toBe(outcome);
    expect(seen[0]).toMatchObject({ method: 'DELETE', url: '/cloud/v1/machines/sim%2F1' });
  });

  it('a 404 of something else than the cloud ends nothing', async () => {
    for (const body of ['<html>not here</html>', '{"kind":"Status","code":404}']) {
      const { provider } = await cloud((_request, response) => response.writeHead(404).end(body));
      await expect(provider.terminate('sim-1', PLACE, signal())).rejects.toMatchObject({ errorClass: 'config' });
    }
  });
});
