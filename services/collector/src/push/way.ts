import { StoreUnavailableError } from '@forescale/shared/store';
import { asPartOf, asTraceparent, TRACEPARENT, type Traceparent } from '@forescale/shared/telemetry';
import { WireError } from '@forescale/shared/wire';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Refused } from '../sources/screen.ts';
import type { Reading } from '../sources/source.ts';
import { SpoolError } from '../spool/index.ts';
import { unpack } from './unpack.ts';

/** Requests that are being received, and as many of which the samples are being made safe; others are asked to come again. */
const UNDER_WAY_MAX = 32;
const RETRY_AFTER_SECONDS = '5';

/** What the ways in need of the collector. */
export interface PushParts {
  readonly nowMs: () => number;
  /** Counts and says what is refused, and resolves to that once the rest is safe: in the store, or on the disk. */
  readonly accept: (source: 'otlp' | 'push', reading: Reading, nowMs: number) => Promise<readonly Refused[]>;
}

/** A way in over HTTP. */
export interface Way {
  readonly source: 'otlp' | 'push';
  readonly path: string;
  /** Media types of bodies. */
  readonly types: readonly string[];
  /** Of a body, once it is unpacked. */
  readonly bytesMax: number;
  /** Takes a body. Rejects with `WireError` where it cannot be read, and with what its samples are not safe for. */
  take(body: Uint8Array, type: string, atMs: number): Promise<Answer>;
  /** A failure, to whoever speaks `type`. */
  fail(status: number, message: string, type: string): Answer;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer | string;
}

class BusyError extends Error {
  readonly statusCode = 429;
}

/** What is under way over all ways in together. */
export class UnderWay {
  #received = 0;
  #kept = 0;

  /** Throws `BusyError` rather than to begin with another one. `closed` is called with what to do at its end. */
  receive(closed: (done: () => void) => void): void {
    if (Math.max(this.#received, this.#kept) >= UNDER_WAY_MAX) throw new BusyError('too many requests at once');
    this.#received++;
    closed(() => this.#received--);
  }

  /** Who hung up meanwhile may be gone; what came of it is not. */
  async keep<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#kept++;
    try {
      return await work();
    } finally {
      this.#kept--;
    }
  }
}

/** Serves one way in: bounds what comes, and answers, counts and says what is refused. */
export async function openWay(app: FastifyInstance, way: Way, parts: PushParts, underWay: UnderWay): Promise<void> {
  const { source, path, types, bytesMax } = way;
  await app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    for (const type of types) {
      const options = { parseAs: 'buffer', bodyLimit: bytesMax } as const;
      scope.addContentTypeParser(type, options, (_request, body, parsed) => parsed(null, body));
    }
    // Before its body is read: what is too much must not be in memory first.
    scope.addHook('onRequest', async (_request, reply) =>
      underWay.receive((done) => void reply.raw.once('close', done)),
    );
    scope.addHook('preParsing', async (request, reply, body) => unpack(request, reply, body, bytesMax));
    scope.setErrorHandler(async (error: Error & { readonly statusCode?: number }, request, reply) => {
      const status = statusOf(error);
      if (status === 500) throw error;
      if (status === 429 || status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
      // What comes to no reading is refused all the same, and counted as one.
      else await parts.accept(source, { measurements: [], refusals: [wordsOf(error)] }, parts.nowMs());
      // Who is hung up on while it sends may not hear why, and sends the same again: the rest is read, for as long as a request may take.
      reply.removeHeader('connection');
      const { type, body } = way.fail(status, wordsOf(error), typeOf(request));
      return reply.code(status).type(type).send(body);
    });
    scope.post(path, { bodyLimit: bytesMax }, (request, reply) =>
      underWay.keep(async () => {
        const taken = () => way.take(bytesOf(request.body), typeOf(request), parts.nowMs());
        const { status, type, body } = await asPartOf(senderOf(request), taken);
        return reply.code(status).type(type).send(body);
      }),
    );
    done();
  });
}

/** 500: a mistake of ours, which would be there again if it was sent again. */
function statusOf(error: Error & { readonly statusCode?: number }): number {
  if (error instanceof WireError) return 400;
  // Neither the store nor the disk has room for it: whoever sends it keeps it.
  if (error instanceof StoreUnavailableError || error instanceof SpoolError) return 503;
  const { statusCode = 500 } = error;
  return statusCode < 500 ? statusCode : 500;
}

/** The span in which it was sent, as its header says. */
function senderOf({ headers }: FastifyRequest): Traceparent | undefined {
  const header = headers[TRACEPARENT];
  return asTraceparent(Array.isArray(header) ? header[0] : header);
}

function typeOf(request: FastifyRequest): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** A request without a body, or without its type, is one of nothing. */
function bytesOf(body: unknown): Uint8Array {
  return Buffer.isBuffer(body) ? body : new Uint8Array();
}

/** In words what was wrong: what zlib says of a body names none. */
function wordsOf(error: Error & { readonly code?: string }): string {
  return error.code?.startsWith('Z_') ? `the body: not gzip: ${error.message}` : error.message;
}
