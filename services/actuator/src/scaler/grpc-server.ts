import { fileURLToPath } from 'node:url';
import { ConfigError, type ScalerConfig } from '@forescale/shared/config';
import type { Log } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';
import type {
  Metadata,
  ServerCredentials,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  sendUnaryData,
} from '@grpc/grpc-js';
import { packageFor } from '../providers/optional-package.ts';
import { readPem } from '../providers/read-pem.ts';
import { AskError, UnknownLoadError } from './errors.ts';
import type { KedaCalls, MetricsRequest, ScaledObjectRef } from './keda-calls.ts';
import type { ScalerServer } from './scaler-server.ts';

type GrpcConfig = NonNullable<ScalerConfig['grpc']>;
type Grpc = typeof import('@grpc/grpc-js');

const SETTING = 'autoscaler.scaler.grpc';
const PROTO = fileURLToPath(new URL('externalscaler.proto', import.meta.url));
const REQUEST_BYTES_MAX = 65_536;
/** One for each ScaledObject of type external-push. */
const STREAMS_MAX = 1_000;
/** How soon a stream tells of a change; forecasts come once a minute. */
const LOOK_EVERY_MS = 5_000;
/** A client that is gone without a word is noticed after both. */
const PING_EVERY_MS = 30_000;
const PING_TIMEOUT_MS = 10_000;
const WHY_CHARS_MAX = 300;

export interface GrpcParts {
  readonly config: GrpcConfig;
  readonly calls: KedaCalls;
  /** For waiting: the machine's, unless a test moves it. */
  readonly ioClock: Clock;
  readonly log: Log;
}

/** Serves KEDA's interface. Rejects with `ConfigError` where a package, a file or the address is not to be had. */
export async function serveGrpc({ config, calls, ioClock, log }: GrpcParts): Promise<ScalerServer> {
  const grpc = await packageFor(SETTING, '@grpc/grpc-js', () => import('@grpc/grpc-js'));
  const loader = await packageFor(SETTING, '@grpc/proto-loader', () => import('@grpc/proto-loader'));
  const definition = await loader.load(PROTO, { keepCase: true, longs: Number, defaults: true });
  const closing = new AbortController();
  const server = new grpc.Server({
    'grpc.max_receive_message_length': REQUEST_BYTES_MAX,
    'grpc.max_concurrent_streams': STREAMS_MAX,
    'grpc.keepalive_time_ms': PING_EVERY_MS,
    'grpc.keepalive_timeout_ms': PING_TIMEOUT_MS,
  });
  const answers = new Answers({ grpc, calls, ioClock, log, closing: closing.signal });
  // StreamMetricSpec is left out, as the interface allows: a target changes with its ScaledObject only.
  server.addService(definition['externalscaler.ExternalScaler'] as ServiceDefinition, {
    IsActive: answers.unary(async (ref: ScaledObjectRef) => ({ answer: { result: await calls.isActive(ref) } })),
    GetMetricSpec: answers.unary(async (ref: ScaledObjectRef) => ({ answer: calls.metricSpec(ref) })),
    GetMetrics: answers.unary((request: MetricsRequest) => calls.metrics(request)),
    StreamIsActive: (call: ServerWritableStream<ScaledObjectRef, object>) => void answers.stream(call),
  });
  const address = `${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`;
  const port = await bind(server, address, await credentialsOf(config, grpc.ServerCredentials));
  return {
    port,
    async close() {
      closing.abort();
      server.forceShutdown();
    },
  };
}

type Answered = {
  readonly answer: object;
  readonly load?: { readonly source: string; readonly without: string | null };
};

class Answers {
  readonly #parts: Omit<GrpcParts, 'config'> & { readonly grpc: Grpc; readonly closing: AbortSignal };
  #streams = 0;

  constructor(parts: Omit<GrpcParts, 'config'> & { readonly grpc: Grpc; readonly closing: AbortSignal }) {
    this.#parts = parts;
  }

  unary<Request>(work: (request: Request) => Promise<Answered>) {
    return (call: ServerUnaryCall<Request, object>, send: sendUnaryData<object>) => {
      const answered = async () => {
        const { answer, load } = await work(call.request);
        send(null, answer, load && this.#trailer(load));
      };
      answered().catch((error: unknown) => send(this.#failure(error)));
    };
  }

  /** Says at once whether it is active, and again whenever that changes; while nothing is known nothing changes. */
  async stream(call: ServerWritableStream<ScaledObjectRef, object>): Promise<void> {
    const { calls, ioClock, closing, grpc } = this.#parts;
    if (this.#streams >= STREAMS_MAX) {
      const details = `${STREAMS_MAX} streams are open; allowed: no more`;
      call.emit('error', { code: grpc.status.RESOURCE_EXHAUSTED, details });
      return;
    }
    this.#streams++;
    const ended = new AbortController();
    call.on('cancelled', () => ended.abort());
    const signal = AbortSignal.any([ended.signal, closing]);
    let told: boolean | null = null;
    try {
      while (!signal.aborted) {
        const active: boolean | null = await calls.isActive(call.request).catch((error: unknown) => {
          if (told === null || !(error instanceof UnknownLoadError)) throw error;
          return told;
        });
        if (signal.aborted) break;
        if (active !== told) call.write({ result: active });
        told = active;
        await ioClock.sleep(LOOK_EVERY_MS, signal);
      }
      call.end();
    } catch (error) {
      call.emit('error', this.#failure(error));
    } finally {
      this.#streams--;
    }
  }

  /** Says beside the answer what it rests on. */
  #trailer({ source, without }: NonNullable<Answered['load']>): Metadata {
    const metadata = new this.#parts.grpc.Metadata();
    metadata.set('forescale-source', source);
    // Metadata hold printable ASCII only.
    if (without !== null)
      metadata.set('forescale-without-forecast', without.replace(/[^ -~]/g, '?').slice(0, WHY_CHARS_MAX));
    return metadata;
  }

  #failure(error: unknown): { readonly code: number; readonly details: string } {
    const { status } = this.#parts.grpc;
    if (error instanceof AskError) return { code: status.INVALID_ARGUMENT, details: error.message };
    if (error instanceof UnknownLoadError) return { code: status.UNAVAILABLE, details: error.message };
    this.#parts.log.error({ err: error }, 'scaler: a call failed');
    return { code: status.INTERNAL, details: 'see the log of the actuator' };
  }
}

async function credentialsOf({ tls }: GrpcConfig, credentials: typeof ServerCredentials): Promise<ServerCredentials> {
  if (tls === null) return credentials.createInsecure();
  const cert = await readPem(`${SETTING}.tls.cert_file`, tls.certFile);
  const key = await readPem(`${SETTING}.tls.key_file`, tls.keyFile);
  const ca = tls.clientCaFile === null ? null : await readPem(`${SETTING}.tls.client_ca_file`, tls.clientCaFile);
  try {
    return credentials.createSsl(ca, [{ private_key: key, cert_chain: cert }], ca !== null);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    throw new ConfigError(`${SETTING}.tls: the files cannot be used: ${code ?? 'no certificates in PEM'}`);
  }
}

function bind(server: InstanceType<Grpc['Server']>, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(new ConfigError(`${SETTING}: cannot listen on ${address}: ${error.message}`, { cause: error }));
    });
  });
}
