import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../time/index.ts';
import { connectKubernetes, KubernetesRefusedError, KubernetesUnavailableError } from './index.ts';
import { SILENCE_MS_MAX, watchFrom } from './watch.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A watch of a server that sends what `answer` writes; `urls` are what it was asked for. */
async function watching(answer: (response: ServerResponse) => void) {
  const urls: string[] = [];
  const server = createServer((request, response) => {
    urls.push(request.url ?? '');
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const abort = new AbortController();
  closing.push(() => {
    abort.abort();
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clock = new ManualClock(0);
  const kube = connectKubernetes({ kubeconfig: null, context: null, url });
  const events = watchFrom({
    kube,
    path: '/things',
    version: 7,
    timeoutSeconds: 300,
    clock,
    signal: abort.signal,
    onOpen: () => {},
  });
  return { events, urls, clock, abort };
}

async function all(events: AsyncIterable<readonly { readonly type: string }[]>): Promise<string[]> {
  const types: string[] = [];
  for await (const batch of events) types.push(...batch.map((event) => event.type));
  return types;
}

const line = (type: string, object: unknown = {}) => `${JSON.stringify({ type, object })}\n`;

it('asks for everything after the version, with bookmarks, for a while', async () => {
  const { events, urls } = await watching((response) => response.end());
  expect(await all(events)).toEqual([]);
  expect(urls).toEqual(['/things?watch=1&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300']);
});

it('tells events however they are cut into packets, and passes over what it does not know', async () => {
  const text = line('ADDED', { name: 'ä€😀' }) + line('FLASHED') + line('BOOKMARK') + line('DELETED');
  const { events } = await watching((response) => {
    const bytes = Buffer.from(text);
    const send = (at: number) =>
      at === bytes.length ? response.end() : response.write(bytes.subarray(at, at + 1), () => send(at + 1));
    send(0);
  });
  const told: unknown[] = [];
  for await (const batch of events) told.push(...batch);
  expect(told).toEqual([
    { type: 'ADDED', object: { name: 'ä€😀' } },
    { type: 'BOOKMARK', object: {} },
    { type: 'DELETED', object: {} },
  ]);
});

describe('a watch breaks, and may be resumed,', () => {
  it.each([
    ['at a line that is no JSON', `${line('ADDED')}<html>\n${line('ADDED')}`, 'watch /things: a line is not JSON'],
    ['when it ends within a line', `${line('ADDED')}{"type":"ADD`, 'watch /things: ended within a line'],
    [
      'when the server is overloaded',
      line('ERROR', { code: 429, message: 'slow down', details: { retryAfterSeconds: 3 } }),
      'watch /things: 429 slow down',
    ],
    [
      'when the server has not come so far yet',
      line('ERROR', { code: 504, message: 'Too large resource version' }),
      'watch /things: 504 Too large resource version',
    ],
  ])('%s', async (_when, text, message) => {
    const { events } = await watching((response) => response.end(text));
    await expect(all(events)).rejects.toMatchObject({ name: KubernetesUnavailableError.name, message });
  });

  it('and says how long to wait, where the server does', async () => {
    const error = { code: 429, details: { retryAfterSeconds: 3 } };
    const { events } = await watching((response) => response.end(line('ERROR', error)));
    await expect(all(events)).rejects.toMatchObject({ retryAfterMs: 3_000 });
  });

  it('when nothing is heard for 150 s, however much half a line trickles', async () => {
    let response: ServerResponse | null = null;
    const { events, clock } = await watching((one) => {
      response = one;
      one.write(line('ADDED'));
    });
    expect((await events.next()).value).toHaveLength(1);
    const next = expect(events.next()).rejects.toThrow(`watch /things: silent for ${SILENCE_MS_MAX} ms`);
    clock.advanceTo(SILENCE_MS_MAX - 1);
    await new Promise<void>((resolve) => response?.write('{"type":', () => resolve()));
    clock.advanceTo(SILENCE_MS_MAX);
    await next;
  });

  it('when it is answered by nothing at all for 30 s', async () => {
    let isAsked = () => {};
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    const { events, clock } = await watching(() => isAsked());
    const next = expect(events.next()).rejects.toThrow('no answer within 30000 ms');
    await asked;
    clock.advanceTo(30_000);
    await next;
  });
});

it.each([
  ['a version that is forgotten', line('ERROR', { code: 410, message: 'too old' }), 410],
  ['an answer that means nothing', line('ERROR', {}), 0],
])('%s is a refusal', async (_what, text, status) => {
  const { events } = await watching((response) => response.end(text));
  const failed = all(events);
  await expect(failed).rejects.toMatchObject({ status });
  await expect(failed).rejects.toThrow(KubernetesRefusedError);
});

it('whoever stops listening hangs up', async () => {
  let hungUp = () => {};
  const isHungUp = new Promise<void>((resolve) => {
    hungUp = resolve;
  });
  const { events } = await watching((response) => {
    response.on('close', hungUp);
    response.write(line('ADDED'));
  });
  for await (const _batch of events) break;
  await isHungUp;
});
