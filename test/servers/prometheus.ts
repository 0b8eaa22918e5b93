import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** As the real one: more points than this in one answer are refused. */
const POINTS_MAX = 11_000;

export interface FakePrometheus {
  readonly url: string;
  /** Points of each query over a range that was answered. */
  readonly answered: number[];
  /** The moment of each query of one moment that was answered, in seconds. */
  readonly instants: number[];
  /** That a client must show; null: none. */
  token: string | null;
  /** What queries meet instead of an answer, by end point (`query` or `query_range`) and PromQL; null: an answer. */
  fault: ((endPoint: string, query: string) => ((response: ServerResponse) => void) | null) | null;
  /** Said beside every answer, as a server that has not all of its data does. */
  warnings: readonly string[];
  /** What the next request meets instead of an answer. */
  next: ((response: ServerResponse) => void) | null;
  /** The same, once so many queries over a range were answered. */
  after: { readonly answers: number; readonly next: (response: ServerResponse) => void } | null;
  close(): Promise<void>;
}

/** One series by name; a value at any time, as the text that Prometheus would write ("NaN"), null: no sample. */
export type SeriesAt = Readonly<Record<string, readonly ((seconds: number) => string | null)[]>>;

/** A server that behaves as Prometheus' queries do: their parameters, their limit, their errors. */
export async function startPrometheus(known: SeriesAt, token: string | null = null): Promise<FakePrometheus> {
  const server = createServer((request, response) => {
    const isThere = prometheus.after !== null && prometheus.answered.length >= prometheus.after.answers;
    const special = isThere ? prometheus.after?.next : prometheus.next;
    if (isThere) prometheus.after = null;
    prometheus.next = null;
    if (special) special(response);
    else void answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const prometheus: FakePrometheus = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answered: [],
    instants: [],
    fault: null,
    warnings: [],
    token,
    next: null,
    after: null,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      // Also those that a test has left hanging.
      server.closeAllConnections();
      await closed;
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const searchParams = new URLSearchParams(await text(request));
    if (prometheus.token !== null && request.headers.authorization !== `Bearer ${prometheus.token}`) {
      response.writeHead(401).end('Unauthorized');
      return;
    }
    const fault = prometheus.fault?.(pathname.slice('/api/v1/'.length), searchParams.get('query') ?? '');
    if (fault) return fault(response);
    const { warnings } = prometheus;
    if (pathname === '/api/v1/query') {
      const at = Number(searchParams.get('time'));
      const query = searchParams.get('query') ?? '';
      const error = whyBad(query, at, at, 1);
      if (error !== null) return reply(response, 400, { status: 'error', errorType: 'bad_data', error });
      const result = (known[query] ?? []).flatMap((valueAt, index) => {
        const value = valueAt(at);
        return value === null ? [] : [{ metric: { instance: String(index) }, value: [at, value] }];
      });
      prometheus.instants.push(at);
      return reply(response, 200, { status: 'success', warnings, data: { resultType: 'vector', result } });
    }
    if (pathname !== '/api/v1/query_range') {
      response.writeHead(404).end('404 page not found');
      return;
    }
    const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(searchParams.get(name))) as [
      number,
      number,
      number,
    ];
    const query = searchParams.get('query') ?? '';
    const error = whyBad(query, start, end, step);
    if (error !== null) {
      reply(response, 400, { status: 'error', errorType: 'bad_data', error });
      return;
    }
    const result = (known[query] ?? []).map((valueAt, index) => {
      const values: [number, string][] = [];
      for (let k = 0; start + k * step <= end; k++) {
        const value = valueAt(start + k * step);
        if (value !== null) values.push([start + k * step, value]);
      }
      return { metric: { instance: String(index) }, values };
    });
    prometheus.answered.push(result[0]?.values.length ?? 0);
    const data = { resultType: 'matrix', result: result.filter((one) => one.values.length > 0) };
    reply(response, 200, { status: 'success', warnings, data });
  }

  return prometheus;
}

function whyBad(query: string, start: number, end: number, step: number): string | null {
  if (!(step > 0)) return 'invalid parameter "step": zero or negative query resolution step widths are not accepted';
  if (!(end >= start)) return 'invalid parameter "end": end timestamp must not be before start time';
  if ((end - start) / step > POINTS_MAX) {
    return 'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)';
  }
  return query.includes('(((') ? 'invalid parameter "query": 1:4: parse error: unclosed left parenthesis' : null;
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
