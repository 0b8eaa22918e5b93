import { Agent, fetch, type Response } from 'undici';
import type { Series } from '../domain/index.ts';
import { networkReason } from '../network/index.ts';
import { instantOf, isFailure, seriesOf } from './answer.ts';
import { PrometheusError, PrometheusQueryError } from './errors.ts';

const BODY_BYTES_MAX = 16 * 2 ** 20;
/** Queries of one server under way at once; the others wait for a connection. */
const CONNECTIONS_MAX = 4;

export interface PrometheusAccess {
  readonly url: URL;
  /** The header of that name, asked before every call since tokens are replaced; null: none. */
  readonly authorization: () => Promise<string | null>;
  readonly tls?: PrometheusTls;
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

/** Both ends are asked for. */
export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
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
    const text = await this.#ask('query', { query, time: seconds(timeMs) }, signal);
    return instantOf(this.host, query, text);
  }

  /** The only series of a query, at every step of at most 11,000. */
  async range(query: string, { fromMs, toMs, stepMs }: Range, signal: AbortSignal): Promise<Series> {
    const parameters = { query, start: seconds(fromMs), end: seconds(toMs), step: seconds(stepMs) };
    const text = await this.#ask('query_range', parameters, signal);
    return seriesOf(this.host, query, text, fromMs, toMs);
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  async #ask(endPoint: string, parameters: Record<string, string>, signal: AbortSignal): Promise<string> {
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
      if (response.ok || isFailure(text)) return text;
      const mayPass = response.status === 429 || response.status >= 500;
      throw new PrometheusError(`${this.host}: HTTP ${response.status} ${response.statusText}`, { mayPass });
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
    if (bytes > BODY_BYTES_MAX) throw new PrometheusError(`${host}: an answer of more than ${BODY_BYTES_MAX} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
