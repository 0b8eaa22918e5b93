import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { driven, failureOf, namesOf, requestOf, signal } from '../driver.ts';
import { opened } from './opened.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** The provider of something that is not Azure, or only says that it is. */
async function behind(answer: (response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => answer(response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return await opened('machines', { endpoint: url, prices_endpoint: url });
}

const NAME = namesOf(1)[0] ?? '';

describe('azure answers', () => {
  it.each<[what: string, status: number, body: string, errorClass: string]>([
    ['a page of a proxy for a listing', 200, '<html>hello</html>', 'transient'],
    ['a listing without its items', 200, '{}', 'transient'],
    ['a listing of something else', 200, '{"value":7}', 'transient'],
    ['a 404 of a proxy', 404, '<html>not here</html>', 'config'],
    ['a 404 of Kubernetes', 404, '{"kind":"Status","code":404}', 'config'],
    ['a 401 without a word', 401, '', 'auth'],
    ['a 502', 502, 'Bad Gateway', 'transient'],
  ])('%s', async (_what, status, body, errorClass) => {
    const target = await behind((response) => response.writeHead(status).end(body));
    expect(await failureOf(driven(target, target.provider.list('c', signal())))).toMatchObject({ errorClass });
  });

  it('a 404 that is not of Azure ends no machine, and finds none to be absent', async () => {
    const target = await behind((response) => response.writeHead(404).end('<html>not here</html>'));
    const { provider, onDemand } = target;
    expect(await failureOf(driven(target, provider.terminate(NAME, onDemand, signal())))).toMatchObject({
      errorClass: 'config',
    });
    expect(await failureOf(driven(target, provider.find(NAME, onDemand, signal())))).toMatchObject({
      errorClass: 'config',
    });
  });

  it('an order that is answered with nothing may have been taken', async () => {
    const target = await behind((response) => response.writeHead(201).end());
    const error = await failureOf(driven(target, target.provider.create(requestOf(target, NAME), signal())));
    expect(error).toMatchObject({ errorClass: 'transient', ambiguous: true });
  });

  it('an endless answer is given up, a redirection is not followed', async () => {
    const endless = await behind((response) => {
      const chunk = Buffer.alloc(2 ** 20, ' ');
      response.writeHead(200);
      const more = () => response.destroyed || response.write(chunk, more);
      more();
    });
    const elsewhere = await behind((response) => response.writeHead(307, { location: 'https://example.org/' }).end());
    for (const target of [endless, elsewhere])
      expect(await failureOf(driven(target, target.provider.list('c', signal())))).toMatchObject({
        errorClass: 'transient',
      });
  });

  it('ends when it is told to', async () => {
    const target = await behind(() => undefined);
    const abort = new AbortController();
    const call = target.provider.list('c', abort.signal);
    abort.abort();
    expect(await failureOf(call)).toMatchObject({ errorClass: 'transient' });
  });

  it.each([
    ['no items', '{}'],
    ['a link to another host', '{"Items":[],"NextPageLink":"https://example.org/"}'],
  ])('prices with %s are none', async (_what, body) => {
    const target = await behind((response) => response.writeHead(200).end(body));
    const { provider, onDemand } = target;
    const error = await failureOf(driven(target, provider.prices?.([onDemand], signal()) ?? Promise.resolve([])));
    expect(error).toMatchObject({ errorClass: 'transient' });
  });

  it('prices without an end are given up', async () => {
    let link = '';
    const target = await behind((response) => response.end(JSON.stringify({ Items: [], NextPageLink: link })));
    link = `${target.config.pricesEndpoint}/api/retail/prices?$skip=1`;
    const { provider, onDemand } = target;
    const error = await failureOf(driven(target, provider.prices?.([onDemand], signal()) ?? Promise.resolve([])));
    expect(error.message).toBe('more than 20 pages of prices');
  });
});
