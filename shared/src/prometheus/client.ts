import { Agent, fetch, type Response } from 'undici';
import type { Series } from '../domain/index.ts';
import { networkReason } from '../network/index.ts';
import { type Answer, instantOf, isFailure, mayPass, type Result, seriesOf } from './answer.ts';
import { PrometheusError, PrometheusQueryError, PrometheusTooMuchError } from './errors.ts';
import type { Range } from './range.ts';

const BODY_BYTES_MAX = 16 * 2 ** 20;
/** Queries of one server under way at once; the others wait for a connection. */
const CONNECTIONS_MAX = 4;
/** A server that finds ever new words of warning is heard no more after so many. */
const WARNINGS_MAX = 200;

export interface PrometheusAccess {
  readonly url: URL;
  /** The header of that name, asked before every call since tokens are replaced; null: none. */
  readonly authorization: () => Promise<string | null>;
  readonly tls?: PrometheusTls;
  /** Told once, in one line, of whatever the server warns of beside an answer: some of its data may be missing in it. */
  readonly onWarning: (line: string) => void;
}

/** Texts in PEM. */
export interface PrometheusTls {
  /** Of whom certificates are believed, instead of the system's authorities. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name in the server's certificate, where it is not the URL's. */
  readonly serverName?: string;
}

/**
 * The HTTP API of Prometheus and of what answers like it. Rejects with `PrometheusQueryError` where the query is to blame,
 * with `PrometheusError` otherwise, and with the reason of `signal` once that has aborted.
 */
export class PrometheusClient {
  /** As messages name it. */
  readonly host: string;
  /** Which one it is: a server may be several, each below a path of its own. */
  readonly server: string;
  readonly #access: PrometheusAccess;
  readonly #agent: Agent;
  readonly #warned = new Set<string>();

  constructor(access: PrometheusAccess) {
    const { ca, cert, key, serverName } = access.tls ?? {};
    this.host = access.url.host;
    this.server = access.url.href.replace(/\/+$/, '');
    this.#access = access;
    this.#agent = new Agent({
      connections: CONNECTIONS_MAX,
      connect: {
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        ...(serverName === undefined ? {} : { servername: serverName }),
      },
    });
  }

  /** The value of a query at a time; null: none, or none that is a finite number. */
  async instant(query: string, timeMs: number, signal: AbortSignal): Promise<number | null> {
    const answer = await this.#ask('query', { query, time: seconds(timeMs) }, signal);
    return this.#heed(query, instantOf(answer, query, timeMs));
  }

  /** The only series of a query, at every step of at most 11,000. */
  async range(query: string, range: Range, signal: AbortSignal): Promise<Series> {
    const { fromMs, toMs, stepMs } = range;
    const parameters = { query, start: seconds(fromMs), end: seconds(toMs), step: seconds(stepMs) };
    const answer = await this.#ask('query_range', parameters, signal);
    return this.#heed(query, seriesOf(answer, query, range));
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  #heed<Data>(query: string, { data, warnings }: Result<Data>): Data {
    for (const warning of warnings) {
      const line = `${this.host} warns of ${JSON.stringify(query)}: ${warning}`;
      if (this.#warned.has(line) || this.#warned.size === WARNINGS_MAX) continue;
      this.#warned.add(line);
      this.#access.onWarning(line);
    }
    return data;
  }

  async #ask(endPoint: string, parameters: Record<string, string>, signal: AbortSignal): Promise<Answer> {
    const { authorization } = this.#access;
    try {
      const header = await authorization();
      const response = await fetch(`${this.server}/api/v1/${endPoint}`, {
        method: 'POST',
        body: new URLSearchParams(parameters),
        headers: { accept: 'application/json', ...(header !== null && { authorization: header }) },
        // To another server the token would go with it.
        redirect: 'manual',
        dispatcher: this.#agent,
        signal,
      });
      const text = await boundedText(this.host, response);
      const { status } = response;
      if (response.ok || isFailure(text)) return { host: this.host, status, text };
      throw new PrometheusError(`${this.host}: HTTP ${status} ${response.statusText}`, { mayPass: mayPass(status) });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof PrometheusError || error instanceof PrometheusQueryError) throw error;
      throw new PrometheusError(`${this.host}: ${networkReason(error)}`, { cause: error, mayPass: true });
    }
  }
}

const seconds = (ms: number) => String(ms / 1_000);

async function boundedText(host: string, response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > BODY_BYTES_MAX)
      throw new PrometheusTooMuchError(`${host}: an answer of more than ${BODY_BYTES_MAX} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
