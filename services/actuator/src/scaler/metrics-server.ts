import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { ConfigError, type PoolConfig, type ScalerConfig } from '@forescale/shared/config';
import { isBearer } from '@forescale/shared/http';
import type { Log } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { readPem } from '../providers/read-pem.ts';
import { AskError, shown, UnknownLoadError } from './errors.ts';
import { DISCOVERY, externalMetric, METRIC, VALUES_PATH } from './external-metrics.ts';
import type { LoadAhead } from './load-ahead.ts';
import type { Loads } from './loads.ts';
import type { ScalerServer } from './scaler-server.ts';

type ExternalMetricsConfig = NonNullable<ScalerConfig['externalMetrics']>;

const SETTING = 'autoscaler.scaler.external_metrics';
/** No request has one that is read. */
const BODY_BYTES_MAX = 1_024;
const CONNECTIONS_MAX = 1_000;
const REQUEST_TIMEOUT_MS = 30_000;
const WHY_CHARS_MAX = 300;

export interface MetricsParts {
  readonly config: ExternalMetricsConfig;
  /** Of whoever asks directly; null: nobody may. */
  readonly token: string | null;
  readonly pools: readonly PoolConfig[];
  readonly loads: Loads;
  readonly clock: Clock;
  readonly log: Log;
}

/** Serves the External Metrics API. Rejects with `ConfigError` where a file or the address is not to be had. */
export async function serveMetrics(parts: MetricsParts): Promise<ScalerServer> {
  const { config } = parts;
  const app = fastify({
    https: await tlsOf(config),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
  }) as unknown as FastifyInstance;
  app.server.maxConnections = CONNECTIONS_MAX;
  addRoutes(app, parts);
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    throw new ConfigError(`${SETTING}: cannot listen on ${config.host}:${config.port}: ${code}`, { cause: error });
  }
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
}

function addRoutes(app: FastifyInstance, { config, token, pools, loads, clock, log }: MetricsParts): void {
  app.addHook('onRequest', async (request, reply) => {
    if (isApiServer(request, config) || (token !== null && isBearer(request.headers.authorization, token))) return;
    return await reply
      .code(401)
      .send(statusOf(401, 'Unauthorized', 'a certificate of the API server or a bearer token is required'));
  });
  app.setErrorHandler(async (error, _request, reply) => {
    if (error instanceof AskError) return await reply.code(400).send(statusOf(400, 'BadRequest', error.message));
    if (error instanceof UnknownLoadError)
      return await reply.code(503).send(statusOf(503, 'ServiceUnavailable', error.message));
    const { statusCode = 500, message } = error as { readonly statusCode?: number; readonly message: string };
    if (statusCode < 500) return await reply.code(statusCode).send(statusOf(statusCode, 'BadRequest', message));
    log.error({ err: error }, 'external metrics: a request failed');
    return await reply.code(500).send(statusOf(500, 'InternalError', 'see the log of the actuator'));
  });
  app.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send(statusOf(404, 'NotFound', 'the server could not find the requested resource')),
  );
  for (const [path, document] of Object.entries(DISCOVERY)) app.get(path, async () => document);
  app.get(VALUES_PATH, async (request, reply) => {
    const { metric } = request.params as { readonly metric: string };
    const { labelSelector = '' } = request.query as { readonly labelSelector?: unknown };
    if (metric !== METRIC)
      return await reply.code(404).send(statusOf(404, 'NotFound', `metric = ${shown(metric)}; allowed: ${METRIC}`));
    if (typeof labelSelector !== 'string') throw new AskError('labelSelector: given twice; allowed: once');
    const { list, load } = await externalMetric({ pools, loads }, labelSelector, clock.nowMs());
    const warning = warningOf(load);
    return await (warning === null ? reply : reply.header('warning', warning)).send(list);
  });
}

/**
 * The API server shows that it is one by its certificate. Whoever it asks for has been authenticated and authorized
 * by it then.
 */
function isApiServer({ raw }: FastifyRequest, config: ExternalMetricsConfig): boolean {
  if (config.requestheaderCaFile === null) return false;
  const socket = raw.socket as TLSSocket;
  if (!socket.authorized) return false;
  const { requestheaderAllowedNames: names } = config;
  const name = socket.getPeerCertificate().subject?.CN;
  return names.length === 0 || (typeof name === 'string' && names.includes(name));
}

/** What clients of Kubernetes show to their users: that there is no forecast in the answer, and why. */
function warningOf({ without }: LoadAhead): string | null {
  if (without === null) return null;
  const why = without.replace(/[^ -~]|["\\]/g, '?').slice(0, WHY_CHARS_MAX);
  return `299 forescale "the observed load: the forecast ${why}"`;
}

function statusOf(code: number, reason: string, message: string) {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}

/** A client without a certificate may have a token. */
async function tlsOf(config: ExternalMetricsConfig) {
  const { certFile, keyFile, requestheaderCaFile: caFile } = config;
  const cert = await readPem(`${SETTING}.cert_file`, certFile);
  const key = await readPem(`${SETTING}.key_file`, keyFile);
  const ca = caFile === null ? null : await readPem(`${SETTING}.requestheader_ca_file`, caFile);
  const asking = ca === null ? {} : { ca, requestCert: true, rejectUnauthorized: false };
  return { cert, key, minVersion: 'TLSv1.2' as const, ...asking };
}
