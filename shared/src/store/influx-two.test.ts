import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreRejectedError, StoreUnavailableError } from './errors.ts';
import { createInfluxStore, type InfluxStoreOptions } from './influx-store.ts';

/**
 * The 1.x interface of InfluxDB 2 as its documentation has it: a token instead of a login, a bucket behind each mapped
 * database, and no statement that would make one.
 */
class InfluxTwo {
  mapped = true;
  readonly lines: string[] = [];
  readonly statements: string[] = [];

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://h');
    const body = await text(request);
    const say = (status: number, answer: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    if (request.headers.authorization !== 'Token t0ken')
      return void say(401, { code: 'unauthorized', message: 'unauthorized access' });
    if (url.pathname === '/write') {
      if (!this.mapped) return void say(404, { code: 'not found', message: 'no dbrp mapping found' });
      if (body.includes('refused')) return void say(400, { code: 'invalid', message: 'partial write: dropped=1' });
      this.lines.push(...body.split('\n'));
      return void response.writeHead(204).end();
    }
    const statement = url.searchParams.get('q') ?? new URLSearchParams(body).get('q') ?? '';
    this.statements.push(statement);
    if (!/^(SELECT|SHOW)/.test(statement)) return void say(400, { code: 'invalid', message: 'not implemented' });
    const values = [['forescale']];
    say(200, { results: [{ statement_id: 0, series: [{ name: 'databases', columns: ['name'], values }] }] });
  }
}

let two: InfluxTwo;
let server: Server;
beforeEach(async () => {
  two = new InfluxTwo();
  server = createServer((request, response) => void two.answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => server.close());

const notices: string[] = [];
const open = (options: Partial<InfluxStoreOptions> = {}) =>
  createInfluxStore({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    database: 'forescale',
    version: 2,
    token: 't0ken',
    retentionDays: 30,
    rollupDays: 100,
    onNotice: (notice) => notices.push(notice),
    ...options,
  });
const point = (source: string) => ({ measurement: 'kpi', tags: { source }, fields: { value: 1.5 }, timeMs: 7 });

describe('InfluxDB 2, through its 1.x interface', () => {
  it('is written to with the token; what is not ours to set up is not asked for, and said once', async () => {
    const store = await open();
    await store.write([point('a')]);
    await store.write([point('b')]);
    expect(two.lines).toEqual(['kpi,source=a value=1.5 7', 'kpi,source=b value=1.5 7']);
    expect(two.statements).toEqual([]);
    expect(notices.splice(0)).toEqual([
      "InfluxDB 2: retention and rollups are its buckets' own; database forescale must be mapped to one (influx v1 dbrp create)",
    ]);
    expect(await store.health()).toEqual({ ok: true });
    await store.close();
  });

  it('a database that is not mapped, or a token that is not known, is a reason to wait, in its own words', async () => {
    two.mapped = false;
    const store = await open();
    await expect(store.write([point('a')])).rejects.toThrow(StoreUnavailableError);
    await expect(store.write([point('a')])).rejects.toThrow('InfluxDB answers 404: no dbrp mapping found');
    two.mapped = true;
    await store.write([point('a')]);
    const other = await open({ token: 'wr0ng' });
    await expect(other.write([point('a')])).rejects.toThrow('InfluxDB answers 401: unauthorized access');
    await Promise.all([store.close(), other.close()]);
  });

  it('what it refuses is refused for good', async () => {
    const store = await open();
    await expect(store.write([point('refused')])).rejects.toThrow(StoreRejectedError);
    await store.close();
  });

  it('with version 1 its refusals are told, and writing goes on', async () => {
    notices.length = 0;
    const store = await open({ version: 1 });
    await store.write([point('a')]);
    expect(notices).toEqual([
      'database forescale is used as it is: InfluxDB answers 400: not implemented',
      'database forescale gets no rollups: InfluxDB answers 400: not implemented',
    ]);
    await store.close();
  });
});
