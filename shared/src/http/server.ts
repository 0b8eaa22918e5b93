import type { IncomingHttpHeaders } from 'node:http';
import compress from '@fastify/compress';
import rateLimit from '@fastify/rate-limit';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Readiness } from '../service/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { isBearer } from './bearer.ts';

const BODY_BYTES_MAX = 1_048_576;
/** Less gets longer by it. */
const COMPRESSED_BYTES_MIN = 1_024;
const MINUTE_MS = 60_000;
/** Of one address: who guesses tokens finds none, and who has set a wrong one sees what is wrong. */
const REFUSALS_PER_MINUTE = 60;
/** From the first byte to the last of a request: whoever stops in between holds memory, and a place that others wait for. */
const REQUEST_MS_MAX = 60_000;
const NO_TOKEN_SET = 'a bearer token is required for changes, and none is configured: see autoscaler.http.token_file';

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  /** Null: everything but changes is open; the configuration allows that on loopback only. */
  readonly token: string | null;
  /** Another one, which opens changes at these paths and nothing else; null: none. */
  readonly narrow: { readonly token: string; readonly paths: readonly string[] } | null;
  /** Of one address; those that show a token are not counted. Absent: without end. */
  readonly requestsPerMinute?: number;
  readonly readiness: Readiness;
  readonly serveMetrics: Telemetry['serveMetrics'] | null;
  /** In which a request must have come whole; absent: a minute. */
  readonly requestTimeoutMs?: number;
  /** Adds the service's own routes. */
  readonly routes?: (app: FastifyInstance) => Promise<void> | void;
}

export interface HttpServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves `/healthz`, `/readyz` and `/metrics`, and what `routes` adds, behind one bearer token where there is one. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { requestTimeoutMs = REQUEST_MS_MAX } = options;
  const http = { connectionsCheckingInterval: requestTimeoutMs / 2 };
  const app = fastify({
    ...{ bodyLimit: BODY_BYTES_MAX, forceCloseConnections: true },
    ...{ requestTimeout: requestTimeoutMs, http },
  });
  // A form of another site may send text/plain without being asked; JSON it may not.
  app.removeContentTypeParser('text/plain');
  // What comes in is unpacked where its size is bounded.
  await app.register(compress, {
    ...{ threshold: COMPRESSED_BYTES_MIN, globalDecompression: false },
    encodings: ['gzip', 'identity'],
  });
  await app.register(rateLimit, { global: false });
  const counted = app.createRateLimit({
    max: options.requestsPerMinute ?? Number.MAX_SAFE_INTEGER,
    timeWindow: MINUTE_MS,
  });
  const refused = app.createRateLimit({ max: REFUSALS_PER_MINUTE, timeWindow: MINUTE_MS });
  app.addHook('onRequest', async (request, reply) => {
    const { method, url, headers } = request;
    if (url === '/healthz' || url === '/readyz') return;
    const { authorization } = headers;
    const isNarrowed = isNarrow(url, authorization, options.narrow);
    if (!mayPass(method, authorization, options.token) && !isNarrowed) {
      if (await isTooMuch(refused, request, reply)) return reply;
      const error = options.token === null && !options.narrow ? NO_TOKEN_SET : 'a bearer token is required';
      return await reply.code(401).header('www-authenticate', 'Bearer').send({ error });
    }
    const isKnown = isNarrowed || (options.token !== null && isBearer(authorization, options.token));
    // A scraper may share its address with a busy page.
    const isCounted = !isKnown && url !== '/metrics';
    if (isCounted && (await isTooMuch(counted, request, reply))) return reply;
    if (!isReading(method) && isFromAnotherSite(headers))
      return await reply.code(403).send({ error: `origin = ${headers.origin}: allowed: the address of this server` });
  });
  app.get('/healthz', async () => ({ ok: true }));
  app.get('/readyz', async (_request, reply) => {
    const report = await options.readiness.report();
    return reply.code(report.ready ? 200 : 503).send(report);
  });
  const { serveMetrics } = options;
  if (serveMetrics) {
    app.get('/metrics', (request, reply) => {
      reply.hijack();
      serveMetrics(request.raw, reply.raw);
    });
  }
  await options.routes?.(app);
  const url = await app.listen({ host: options.host, port: options.port });
  return { url, close: () => app.close() };
}

type Limit = ReturnType<FastifyInstance['createRateLimit']>;

/** Answers for itself where it is. */
async function isTooMuch(limit: Limit, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  const counted = await limit(request);
  if (counted.isAllowed || !counted.isExceeded) return false;
  const error = `too many requests from ${request.ip}; allowed: ${counted.max} a minute`;
  reply.code(429).header('retry-after', counted.ttlInSeconds).send({ error });
  return true;
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** A browser says which page a change comes from; other clients say nothing. */
function isFromAnotherSite({ origin, host }: IncomingHttpHeaders): boolean {
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}

/** Whether this is the token of these paths, whatever stands behind the path. */
function isNarrow(url: string, authorization: string | undefined, narrow: HttpOptions['narrow']): boolean {
  if (narrow === null) return false;
  return narrow.paths.includes(url.split('?', 1)[0] ?? '') && isBearer(authorization, narrow.token);
}

/** Reading needs the token where one is set. A change always needs one: without a token nothing can be changed. */
function mayPass(method: string, authorization: string | undefined, token: string | null): boolean {
  if (token === null) return isReading(method);
  return isBearer(authorization, token);
}
