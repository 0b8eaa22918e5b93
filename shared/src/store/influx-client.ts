import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { InfluxDB } from 'influx';

export interface InfluxConnection {
  /** Origin and, where a proxy needs it, a path. */
  readonly url: string;
  readonly database: string;
  readonly username?: string;
  readonly password?: string;
  /** Of InfluxDB 2, instead of a login. */
  readonly token?: string;
  /** Of one call; 10 s unless told. */
  readonly requestTimeoutMs?: number;
}

/** One table of an answer. */
export interface InfluxTable {
  readonly columns: readonly string[];
  readonly values: readonly (readonly (string | number | boolean | null)[])[];
  /** There may be more rows than these. */
  readonly partial?: boolean;
}

/** Why a call failed, and whether the server said so (`status`) or could not be asked (null). Never carries a secret. */
export class InfluxFailure extends Error {
  override readonly name = 'InfluxFailure';
  readonly status: number | null;

  constructor(message: string, status: number | null, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }

  get databaseIsMissing(): boolean {
    return this.message.includes('database not found');
  }
}

const CONNECTIONS_MAX = 8;
const ANSWER_CHARS_MAX = 65_536;
const REQUEST_TIMEOUT_MS = 10_000;
/** Left out, the library logs in as root, over the token's head. */
const NO_LOGIN = { username: null as unknown as string };

/** Where points are posted to, and as whom. */
interface WriteTarget {
  readonly secure: boolean;
  readonly options: RequestOptions;
}

/**
 * node-influx for questions, one try per call, with every wait bounded: the library itself waits for ever when a server
 * dies in the middle of an answer. Points are posted without it: its way of writing them takes longer than the server's
 * of storing them.
 */
export class InfluxClient {
  readonly #influx: InfluxDB;
  readonly #agent: HttpAgent;
  readonly #address: string;
  readonly #timeoutMs: number;
  readonly #target: WriteTarget;

  private constructor(influx: InfluxDB, target: WriteTarget, agent: HttpAgent, address: string, timeoutMs: number) {
    this.#influx = influx;
    this.#target = target;
    this.#agent = agent;
    this.#address = address;
    this.#timeoutMs = timeoutMs;
  }

  static async open(connection: InfluxConnection): Promise<InfluxClient> {
    const { InfluxDB } = await import('influx');
    const { token } = connection;
    const url = new URL(connection.url);
    const timeoutMs = connection.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    const secure = url.protocol === 'https:';
    const agent = secure
      ? new HttpsAgent({ keepAlive: true, maxSockets: CONNECTIONS_MAX })
      : new HttpAgent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });
    const username = connection.username ?? decodeURIComponent(url.username);
    const influx = new InfluxDB({
      host: url.hostname,
      port: Number(url.port || (secure ? 443 : 80)),
      protocol: secure ? 'https' : 'http',
      path: url.pathname.replace(/\/$/, ''),
      options: { agent, ...(token === undefined ? {} : { headers: { authorization: `Token ${token}` } }) },
      database: connection.database,
      ...(token === undefined ? {} : NO_LOGIN),
      ...(username === '' ? {} : { username, password: connection.password ?? decodeURIComponent(url.password) }),
      // Callers have their own policy for retries: the library shall neither try again nor put the host aside.
      pool: { maxRetries: 0, requestTimeout: timeoutMs, backoff: noBackoff },
    });
    const login = username === '' ? null : `${username}:${connection.password ?? decodeURIComponent(url.password)}`;
    const basic = login === null ? null : `Basic ${Buffer.from(login).toString('base64')}`;
    const authorization = token === undefined ? basic : `Token ${token}`;
    const options: RequestOptions = {
      agent,
      method: 'POST',
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || (secure ? 443 : 80)),
      path: `${url.pathname.replace(/\/$/, '')}/write?${new URLSearchParams({ db: connection.database, precision: 'ms' })}`,
      headers: authorization === null ? {} : { authorization },
    };
    return new InfluxClient(influx, { secure, options }, agent, url.host, timeoutMs);
  }

  /** Points in line protocol, with times in ms. */
  async write(lines: string): Promise<void> {
    const abort = new AbortController();
    const { status, text } = await this.#bounded(this.#post(lines, abort.signal)).finally(() => abort.abort());
    if (status >= 300) throw refusal(status, text);
  }

  /** Reads with GET, changes with POST, as the server demands. Times are epoch ms. */
  async query(statement: string, method: 'GET' | 'POST' = 'GET', timeoutMs = this.#timeoutMs): Promise<InfluxTable[]> {
    const abort = new AbortController();
    const options = { precision: 'ms' as const, method, signal: abort.signal };
    const answer = await this.#bounded(this.#influx.queryRaw(statement, options), timeoutMs).finally(() =>
      abort.abort(),
    );
    const result = (
      answer as {
        results?: { error?: string; series?: (Omit<InfluxTable, 'values'> & Partial<Pick<InfluxTable, 'values'>>)[] }[];
      }
    ).results?.[0];
    if (result?.error !== undefined) throw new InfluxFailure(`InfluxDB: ${result.error}`, 200);
    // A table without rows comes without `values`, as the databases of a new server do.
    return (result?.series ?? []).map((table) => ({ ...table, values: table.values ?? [] }));
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(lines: string, signal: AbortSignal): Promise<{ readonly status: number; readonly text: string }> {
    const { secure, options } = this.#target;
    const body = Buffer.from(lines);
    return new Promise((resolve, reject) => {
      const headers = { ...options.headers, 'content-length': body.byteLength };
      const read = (response: IncomingMessage) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text = (text + chunk).slice(0, ANSWER_CHARS_MAX);
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      };
      const request = (secure ? httpsRequest : httpRequest)({ ...options, headers, signal }, read);
      request.on('error', reject);
      request.end(body);
    });
  }

  async #bounded<T>(answer: Promise<T>, timeoutMs = this.#timeoutMs): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const failure = new InfluxFailure(`InfluxDB at ${this.#address} does not answer within ${timeoutMs} ms`, null);
      timer = setTimeout(() => reject(failure), timeoutMs);
    });
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      throw this.#failure(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #failure(error: unknown): InfluxFailure {
    if (error instanceof InfluxFailure) return error;
    const { message, res, code } = error as Error & { res?: { statusCode?: number }; code?: string };
    const status = res?.statusCode ?? null;
    if (status === null) {
      return new InfluxFailure(`InfluxDB at ${this.#address} cannot be asked: ${message || code}`, null, error);
    }
    // The library's error carries the request, with the password in its head: it is not kept as the cause.
    return refusal(status, message);
  }
}

function refusal(status: number, message: string): InfluxFailure {
  return new InfluxFailure(`InfluxDB answers ${status}: ${wordsOf(message).trim().slice(0, 500)}`, status);
}

const noBackoff = { getDelay: () => 0, next: () => noBackoff, reset: () => noBackoff };

/** "A 400 Bad Request error occurred: {"error":"..."}": the server's own words are inside, in 2.x as `message`. */
function wordsOf(message: string): string {
  try {
    const { error, message: said } = JSON.parse(message.slice(message.indexOf('{'))) as Record<string, unknown>;
    return String(error ?? said ?? message);
  } catch {
    return message;
  }
}
