import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { HEALTH_PATHS } from '../api/api-server.ts';
import type { ApiReply, ApiRequest, JsonReply, TextReply } from '../api/request.ts';
import { ApiError } from '../objects/errors.ts';
import { type Authenticate, NOBODY } from './authentication.ts';
import { readBody } from './body.ts';
import { breakAnswer, isBroken } from './broken-answers.ts';
import type { FaultAction, Faults } from './faults.ts';
import { isWatchFault, WatchConnection } from './watch-connection.ts';

/** Answers below a path of its own, beside the Kubernetes API, and asks for credentials of its own. */
interface Mount {
  readonly prefix: string;
  handle(
    call: { readonly method: string; readonly path: string; readonly query: URLSearchParams; readonly body: string },
    authorization: string | undefined,
  ): Promise<SentReply>;
}

type SentReply = JsonReply | TextReply;

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly authenticate: Authenticate;
  readonly faults: Faults;
  readonly bookmarkIntervalMs: number;
  readonly handle: (request: ApiRequest) => ApiReply;
  readonly mount: Mount;
  /** A fault of the simulator itself: the client gets a 500, this gets the error. */
  readonly onError: (error: unknown) => void;
}

export interface RunningServer {
  readonly url: string;
  /** Ends all watches and connections. */
  close(): Promise<void>;
}

/** Puts requests and replies on the wire, and lets faults get at them. It decides nothing about the cluster. */
export async function startHttpServer(options: HttpServerOptions): Promise<RunningServer> {
  const watches = new Set<WatchConnection>();
  const server = createServer((request, response) => {
    serve(options, watches, request, response).catch((error: unknown) => {
      fail(response);
      if (!isAborted(error)) options.onError(error);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { url: `http://${host}:${port}`, close: () => stop(server, watches) };
}

async function stop(server: Server, watches: ReadonlySet<WatchConnection>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const watch of watches) watch.close();
  // Lets what was just written leave; what then still hangs is cut.
  await immediate();
  server.closeAllConnections();
  await closed;
}

/** The client went away in the middle of its own request. */
function isAborted(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ECONNRESET';
}

function fail(response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else sendReply(response, statusReply(new ApiError(500, 'InternalError', 'the simulator failed to answer')));
}

async function serve(
  options: HttpServerOptions,
  watches: Set<WatchConnection>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url: target = '/' } = request;
  const url = URL.parse(target, 'http://localhost');
  const body = await readBody(request);
  const watching = ['true', '1'].includes(url?.searchParams.get('watch') ?? '');
  const fault = options.faults.take(method, target, watching);
  if (fault?.kind === 'delay') await sleep(fault.delayMs, undefined, { ref: false });
  if (fault?.kind === 'hang' && fault.when === 'before') return;
  if (fault?.kind === 'reset' && fault.when === 'before') return reset(response);
  if (fault?.kind === 'respond') return sendReply(response, faultReply(fault));

  const path = url === null ? null : decodePath(url.pathname);
  if (url === null || path === null)
    return sendReply(response, statusReply(new ApiError(400, 'BadRequest', 'bad URL')));
  if (body === null) {
    return sendReply(response, statusReply(new ApiError(413, 'RequestEntityTooLarge', 'request is too large')));
  }
  const reply = await answer(options, request, { method, path, query: url.searchParams, body });

  if (fault?.kind === 'hang') return;
  if (fault?.kind === 'reset') return reset(response);
  if (reply.type !== 'watch') {
    if (isBroken(fault)) return breakAnswer(response, reply.status, headersOf(reply), reply.body, fault);
    return sendReply(response, reply);
  }
  const connection = new WatchConnection(response, reply, isWatchFault(fault) ? fault : null);
  watches.add(connection);
  response.on('close', () => watches.delete(connection));
  connection.open(options.bookmarkIntervalMs);
}

async function answer(
  options: HttpServerOptions,
  { headers }: IncomingMessage,
  call: Pick<ApiRequest, 'method' | 'path' | 'query' | 'body'>,
): Promise<ApiReply> {
  if (call.path.startsWith(options.mount.prefix)) return options.mount.handle(call, headers.authorization);
  const user = options.authenticate(headers.authorization) ?? (HEALTH_PATHS.has(call.path) ? NOBODY : null);
  if (user === null) return statusReply(new ApiError(401, 'Unauthorized', 'Unauthorized'));
  return options.handle({ ...call, contentType: headers['content-type'] ?? '', user });
}

function decodePath(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

function statusReply(error: ApiError): SentReply {
  return { type: 'json', status: error.code, body: JSON.stringify(error.toStatus()) };
}

const FAULT_REASONS: Readonly<Record<number, string>> = {
  410: 'Expired',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function faultReply({ status, retryAfterSeconds }: Extract<FaultAction, { kind: 'respond' }>): SentReply {
  const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  const error = new ApiError(status, FAULT_REASONS[status] ?? 'InternalError', 'injected fault', details);
  return { type: 'json', status, body: JSON.stringify(error.toStatus()), ...details };
}

function sendReply(response: ServerResponse, reply: SentReply): void {
  response.writeHead(reply.status, headersOf(reply));
  response.end(reply.body);
}

function headersOf(reply: SentReply): OutgoingHttpHeaders {
  return {
    'content-type': reply.type === 'json' ? 'application/json' : 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(reply.body),
    'cache-control': 'no-cache, private',
    ...(reply.type === 'json' &&
      reply.retryAfterSeconds !== undefined && { 'retry-after': String(reply.retryAfterSeconds) }),
  };
}
