import { fileURLToPath } from 'node:url';
import { ConfigError, type ExternalGrpcConfig } from '@forescale/shared/config';
import type { ChannelCredentials, Client, ServiceError } from '@grpc/grpc-js';
import { ProviderError } from '../errors.ts';
import { optionalPackage } from '../optional-package.ts';
import { readPem } from '../read-pem.ts';
import { grpcError } from './errors.ts';

const PROTO = fileURLToPath(new URL('cloud-provider.proto', import.meta.url));
const SERVICE = 'clusterautoscaler.cloudprovider.v1.externalgrpc.CloudProvider';
/** 16 MiB: 100,000 instances of 160 bytes. */
const ANSWER_BYTES_MAX = 16 * 2 ** 20;

/** One call of the published interface, by its name there. Rejects with `ProviderError`. */
export type GrpcCall = (method: string, request: object, signal: AbortSignal) => Promise<unknown>;

export interface GrpcConnection {
  readonly call: GrpcCall;
  readonly client: Client;
  /** By their names in the interface. */
  readonly methods: Readonly<Record<string, MethodCodec>>;
  close(): void;
}

/** Loads the packages and the files of the configuration; connects at the first call. */
export async function connectGrpc(config: ExternalGrpcConfig): Promise<GrpcConnection> {
  const grpc = await optionalPackage(config.kind, '@grpc/grpc-js', () => import('@grpc/grpc-js'));
  const loader = await optionalPackage(config.kind, '@grpc/proto-loader', () => import('@grpc/proto-loader'));
  const definition = await loader.load(PROTO, { keepCase: true, longs: Number, enums: Number, defaults: true });
  const methods = definition[SERVICE] as Readonly<Record<string, MethodCodec>>;
  const client = new grpc.Client(config.address, await credentialsOf(config, grpc.credentials), {
    // A call is repeated by whoever knows whether it may be.
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.max_receive_message_length': ANSWER_BYTES_MAX,
    'grpc.use_local_subchannel_pool': 1,
    // Plain text goes nowhere but to the address.
    ...(config.tls === null && { 'grpc.enable_http_proxy': 0 }),
    ...(config.tls?.serverName && { 'grpc.ssl_target_name_override': config.tls.serverName }),
  });
  return {
    client,
    methods,
    call: (method, request, signal) => unary(client, methods[method] as MethodCodec, request, signal),
    close: () => client.close(),
  };
}

interface MethodCodec {
  readonly path: string;
  readonly requestSerialize: (request: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => object;
}

function unary(client: Client, codec: MethodCodec, request: object, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new ProviderError('transient', 'given up before it was sent'));
    const { path, requestSerialize, responseDeserialize } = codec;
    const call = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) => {
      signal.removeEventListener('abort', giveUp);
      if (error === null) resolve(answer);
      else reject(failureOf(error));
    });
    const giveUp = () => call.cancel();
    signal.addEventListener('abort', giveUp, { once: true });
  });
}

function failureOf(error: ServiceError): ProviderError {
  const pushbackMs = error.metadata?.get('grpc-retry-pushback-ms')[0]?.toString();
  return grpcError({ code: error.code, details: error.details, pushbackMs });
}

async function credentialsOf(
  { tls }: ExternalGrpcConfig,
  credentials: Pick<typeof ChannelCredentials, 'createSsl' | 'createInsecure'>,
): Promise<ChannelCredentials> {
  if (tls === null) return credentials.createInsecure();
  const read = async (field: string, path: string | null) =>
    path === null ? null : await readPem(`provider.tls.${field}`, path);
  const ca = await read('ca_file', tls.caFile);
  const key = await read('key_file', tls.keyFile);
  const cert = await read('cert_file', tls.certFile);
  try {
    return credentials.createSsl(ca, key, cert);
  } catch (error) {
    // Which of them, OpenSSL does not say; what they hold, nobody should.
    const { code } = error as { readonly code?: unknown };
    throw new ConfigError(`provider.tls: the files cannot be used: ${code ?? 'no certificates in PEM'}`);
  }
}
