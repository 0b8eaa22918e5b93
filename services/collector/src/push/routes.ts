import type { Config } from '@forescale/shared/config';
import { StoreUnavailableError } from '@forescale/shared/store';
import { WireError } from '@forescale/shared/wire';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Refused } from '../sources/screen.ts';
import type { Reading } from '../sources/source.ts';
import { SpoolError } from '../spool/index.ts';
import { decodeKpis, KPI_BYTES_MAX } from './kpi-request.ts';
import { Counts } from './otlp-rates.ts';
import { OtlpReader } from './otlp-reading.ts';
import { decodeRequest, encodeResponse, encodeStatus, OTLP_BYTES_MAX, type OtlpEncoding } from './otlp-request.ts';
import { payloadTrouble, takeBytes } from './payload.ts';

/** Requests of which the samples are being made safe; others are asked to come again. */
const UNDER_WAY_MAX = 32;
const RETRY_AFTER_SECONDS = '5';
const REFUSED_SHOWN_MAX = 100;
const AGAIN = 'too many requests at once';
const PROTOBUF = 'application/x-protobuf';

/** What the routes need of the collector. */
export interface PushParts {
  readonly config: Config;
  readonly nowMs: () => number;
  /** Counts and says what is refused, and resolves to that once the rest is safe: in the store, or on the disk. */
  readonly accept: (source: 'otlp' | 'push', reading: Reading, nowMs: number) => Promise<readonly Refused[]>;
}

/** `POST /v1/metrics` and `POST /api/v1/kpi`, where the configuration has them. */
export async function pushRoutes(app: FastifyInstance, parts: PushParts): Promise<void> {
  const { otlp, push } = parts.config.sources;
  if (otlp === null && !push) return;
  let underWay = 0;
  await app.register((scope, _options, done) => {
    takeBytes(scope, ['application/json', PROTOBUF], OTLP_BYTES_MAX);
    // What comes to no reading is refused all the same, and counted as one.
    scope.setErrorHandler(async (error: Error & { readonly statusCode?: number }, request, reply) => {
      const source = request.url.startsWith('/v1/') ? 'otlp' : 'push';
      const { statusCode = 500 } = error;
      if (statusCode >= 500) throw error;
      await parts.accept(source, { measurements: [], refusals: [payloadTrouble(error)] }, parts.nowMs());
      return reply.code(statusCode).send({ error: payloadTrouble(error) });
    });
    scope.addHook('preHandler', async (_request, reply) => {
      if (underWay < UNDER_WAY_MAX) return;
      return reply.code(429).header('retry-after', RETRY_AFTER_SECONDS).send({ error: AGAIN });
    });
    const bounded = async (work: () => Promise<FastifyReply>) => {
      underWay++;
      try {
        return await work();
      } finally {
        underWay--;
      }
    };
    if (push)
      scope.post('/api/v1/kpi', { bodyLimit: KPI_BYTES_MAX }, (request, reply) =>
        bounded(() => takeKpis(parts, bytesOf(request.body), reply)),
      );
    if (otlp !== null) {
      const reader = new OtlpReader(otlp, parts.config);
      const counts = new Counts();
      scope.post('/v1/metrics', { bodyLimit: OTLP_BYTES_MAX }, (request, reply) => {
        const encoding = request.headers['content-type']?.startsWith(PROTOBUF) ? 'protobuf' : 'json';
        return bounded(() => takeOtlp(parts, { reader, counts }, encoding, bytesOf(request.body), reply));
      });
    }
    done();
  });
}

/** A request without a body, or without its type, is one of nothing. */
function bytesOf(body: unknown): Uint8Array {
  return Buffer.isBuffer(body) ? body : new Uint8Array();
}

async function takeKpis({ accept, nowMs }: PushParts, body: Uint8Array, reply: FastifyReply): Promise<FastifyReply> {
  const atMs = nowMs();
  try {
    const { measurements, places, refused } = decodeKpis(body, atMs);
    const refusals = refused.map(({ index, reason }) => `[${index}] ${reason}`);
    const screened = await accept('push', { measurements, refusals }, atMs);
    const late = screened.map(({ index, reason }) => ({ index: places[index] as number, reason }));
    const all = [...refused, ...late].sort((a, b) => a.index - b.index);
    const accepted = measurements.length - late.length;
    const answer = { accepted, refused: all.slice(0, REFUSED_SHOWN_MAX) };
    return reply.code(accepted === 0 && all.length > 0 ? 400 : 200).send(answer);
  } catch (error) {
    if (error instanceof WireError) {
      await accept('push', { measurements: [], refusals: [error.message] }, atMs);
      return reply.code(400).send({ error: error.message });
    }
    if (!isAway(error)) throw error;
    return comeAgain(reply).send({ error: error.message });
  }
}

interface Otlp {
  readonly reader: OtlpReader;
  readonly counts: Counts;
}

async function takeOtlp(
  { accept, nowMs }: PushParts,
  { reader, counts }: Otlp,
  encoding: OtlpEncoding,
  body: Uint8Array,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const atMs = nowMs();
  reply.type(encoding === 'json' ? 'application/json' : PROTOBUF);
  try {
    const learning = counts.begin();
    const reading = reader.read(decodeRequest(encoding, body), learning, atMs);
    const screened = await accept('otlp', reading, atMs);
    // Not before its samples are safe: the sender repeats a request that was not, and must find the counts as they were.
    learning.commit(atMs);
    const rejected = reading.refusals.length + screened.length;
    return reply.send(encodeResponse(encoding, rejected, reading.refusals[0] ?? screened[0]?.reason ?? ''));
  } catch (error) {
    if (error instanceof WireError) {
      await accept('otlp', { measurements: [], refusals: [error.message] }, atMs);
      return reply.code(400).send(encodeStatus(encoding, 3, error.message));
    }
    if (!isAway(error)) throw error;
    return comeAgain(reply).send(encodeStatus(encoding, 14, error.message));
  }
}

/** Anything else is a mistake of ours, and would be there again when it is sent again. */
function isAway(error: unknown): error is Error {
  return error instanceof StoreUnavailableError || error instanceof SpoolError;
}

/** Neither the store nor the disk has room for it: whoever sends it keeps it. */
function comeAgain(reply: FastifyReply): FastifyReply {
  return reply.code(503).header('retry-after', RETRY_AFTER_SECONDS);
}
