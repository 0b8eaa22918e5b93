import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { JetStreamClient, JetStreamManager, NatsConnection } from 'nats';
import type { Health } from '../store/store.ts';
import { BusRejectedError, BusUnavailableError } from './errors.ts';

export interface NatsOptions {
  /** Such as `nats://127.0.0.1:4222`, with `user:password@` where wanted; `tls://` is an encrypted connection. */
  readonly servers: readonly string[];
  /** Shown in the server's list of connections. */
  readonly name: string;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** Files of our own authority, and of our own certificate where the server wants one. */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  /** Copies of each stream in a cluster; 1 unless told. */
  readonly replicas?: number;
  /** Told of what no call can be told: lost connections, errors of handlers, permissions. */
  readonly onError?: (error: Error) => void;
}

/** One connection and what hangs on it. */
export interface NatsSession {
  readonly connection: NatsConnection;
  readonly jetStream: JetStreamClient;
  readonly manager: JetStreamManager;
}

const DIAL_TIMEOUT_MS = 3_000;
const DIAL_AGAIN_MS = 500;
/** Of one question to the server. */
export const ANSWER_TIMEOUT_MS = 5_000;
const HEALTH_TIMEOUT_MS = 2_000;
/** A server that hangs is noticed after two missed pings: 10 to 20 s. */
const PING_EVERY_MS = 5_000;

/**
 * A connection to NATS that is looked for until it is closed. While it is away every call is refused at once: the
 * library would keep what is published in memory and drop it when the connection is back.
 */
export class NatsLink {
  readonly #options: NatsOptions;
  readonly #closing = new AbortController();
  /** Called when the session is lost, with the reason. */
  readonly #onAway = new Set<(error: BusUnavailableError) => void>();
  readonly #onBack = new Set<() => void>();
  #session: NatsSession | null = null;
  #connected = false;
  #away: string;

  private constructor(options: NatsOptions) {
    this.#options = options;
    this.#away = 'not connected yet';
  }

  /** Resolves after the first try, connected or not. */
  static async open(options: NatsOptions): Promise<NatsLink> {
    const link = new NatsLink(options);
    if (!(await link.#dial())) void link.#dialUntilConnected();
    return link;
  }

  /** Throws `BusUnavailableError` while there is no connection. */
  get session(): NatsSession {
    if (this.#session === null || !this.#connected) throw this.#unavailable();
    return this.#session;
  }

  get connected(): boolean {
    return this.#connected;
  }

  get replicas(): number {
    return this.#options.replicas ?? 1;
  }

  report(error: unknown): void {
    this.#options.onError?.(error instanceof Error ? error : new Error(String(error)));
  }

  /** Calls `listener` whenever the connection is back. */
  onBack(listener: () => void): void {
    this.#onBack.add(listener);
  }

  /** Resolves when there is a connection, or when `signal` aborts. */
  async whenConnected(signal: AbortSignal): Promise<void> {
    if (this.#connected || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        this.#onBack.delete(end);
        signal.removeEventListener('abort', end);
        resolve();
      };
      this.#onBack.add(end);
      signal.addEventListener('abort', end);
    });
  }

  /** Runs a call on the session; rejects with our errors, at once when the connection is lost meanwhile. */
  async ask<T>(call: (session: NatsSession) => Promise<T>, timeoutMs?: number): Promise<T> {
    const session = this.session;
    let give: (error: BusUnavailableError) => void = () => {};
    const away = new Promise<never>((_, reject) => {
      give = reject;
    });
    const late = () => give(new BusUnavailableError(this.#describe(`no answer within ${timeoutMs} ms`)));
    const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
    this.#onAway.add(give);
    try {
      return await Promise.race([call(session), away]);
    } catch (error) {
      throw toBusError(error);
    } finally {
      clearTimeout(timer);
      this.#onAway.delete(give);
    }
  }

  /** Waits until the server has read everything sent so far. */
  async flush(): Promise<void> {
    await this.ask(({ connection }) => connection.flush(), ANSWER_TIMEOUT_MS);
  }

  async health(): Promise<Health> {
    try {
      await this.ask(({ manager }) => manager.getAccountInfo(), HEALTH_TIMEOUT_MS);
      return { ok: true };
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    // What was sent last, acknowledgements above all, still goes out.
    if (this.#connected) await this.flush().catch(() => {});
    this.#closing.abort();
    this.#lose('the bus is closed');
    await this.#session?.connection.close();
  }

  async #dialUntilConnected(): Promise<void> {
    const { signal } = this.#closing;
    do {
      await delay(DIAL_AGAIN_MS, undefined, { signal }).catch(() => {});
    } while (!signal.aborted && !(await this.#dial()));
  }

  async #dial(): Promise<boolean> {
    try {
      const { connect } = await import('nats');
      const connection = await connect(connectOptions(this.#options));
      if (this.#closing.signal.aborted) {
        await connection.close();
        return true;
      }
      const jetStream = connection.jetstream({ timeout: ANSWER_TIMEOUT_MS });
      const manager = await connection.jetstreamManager({ checkAPI: false, timeout: ANSWER_TIMEOUT_MS });
      this.#session = { connection, jetStream, manager };
      void this.#watch(connection);
      this.#regain();
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== this.#away) this.report(new BusUnavailableError(this.#describe(reason), { cause: error }));
      this.#away = reason;
      return false;
    }
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type, data } of connection.status()) {
      if (type === 'disconnect') this.#lose('the connection is lost');
      else if (type === 'reconnect') this.#regain();
      else if (type === 'error') this.report(new Error(this.#describe(String(data))));
    }
    this.#lose('the connection is closed');
  }

  #lose(reason: string): void {
    const was = this.#connected;
    this.#connected = false;
    this.#away = reason;
    const error = this.#unavailable();
    if (was && !this.#closing.signal.aborted) this.report(error);
    for (const lost of this.#onAway) lost(error);
    this.#onAway.clear();
  }

  #regain(): void {
    // The library says so once for each try that failed before.
    if (this.#connected) return;
    this.#connected = true;
    for (const listener of [...this.#onBack]) listener();
  }

  #unavailable(): BusUnavailableError {
    return new BusUnavailableError(this.#describe(this.#away));
  }

  #describe(reason: string): string {
    const servers = this.#options.servers.map((server) => server.replace(/\/\/[^@/]*@/, '//'));
    return `NATS at ${servers.join(', ')}: ${reason}`;
  }
}

function connectOptions(options: NatsOptions) {
  const { name, token, tls } = options;
  const servers = options.servers.map((server) => new URL(server.includes('://') ? server : `nats://${server}`));
  const login = servers.find((server) => server.username !== '');
  const user = options.user ?? (login && decodeURIComponent(login.username));
  const pass = options.password ?? decodeURIComponent(login?.password ?? '');
  const encrypted = tls !== undefined || servers.some((server) => server.protocol === 'tls:');
  return {
    servers: servers.map((server) => server.host),
    name,
    ...(user === undefined ? {} : { user, pass }),
    ...(token === undefined ? {} : { token }),
    ...(encrypted ? { tls: { ...tls, ...checkedAddress(servers) } } : {}),
    timeout: DIAL_TIMEOUT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: DIAL_AGAIN_MS,
    // Two refusals in a row would end the looking: a password may be put right.
    ignoreAuthErrorAbort: true,
    pingInterval: PING_EVERY_MS,
    maxPingOut: 2,
  };
}

/** Names are checked by the library; for an address it leaves the name empty, and the certificate would have to be of `localhost`. */
function checkedAddress([server, ...others]: readonly URL[]): { readonly host?: string } {
  const host = server?.hostname.replace(/^\[|\]$/g, '') ?? '';
  return others.length === 0 && isIP(host) !== 0 ? { host } : {};
}

/** What the server or the library says, as one of our errors. */
export function toBusError(error: unknown): Error {
  if (error instanceof BusUnavailableError || error instanceof BusRejectedError) return error;
  const { message, code, api_error: said } = error as Error & { code?: string; api_error?: { code?: number } };
  const refused = said?.code === undefined ? REFUSALS.includes(code ?? '') : said.code < 500;
  const text = code === undefined || message.includes(code) ? message : `${message} (${code})`;
  return refused
    ? new BusRejectedError(`NATS: ${text}`, { cause: error })
    : new BusUnavailableError(`NATS: ${text}`, { cause: error });
}

/** Codes of the library that say that the call itself is wrong. */
const REFUSALS = ['MAX_PAYLOAD_EXCEEDED', 'BAD_SUBJECT', 'BAD_PAYLOAD', 'PERMISSIONS_VIOLATION', 'INVALID_OPTION'];
