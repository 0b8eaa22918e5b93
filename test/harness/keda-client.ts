import { fileURLToPath } from 'node:url';
import { type ChannelCredentials, Client, credentials, type Metadata, type ServiceError } from '@grpc/grpc-js';
import { load, type MethodDefinition } from '@grpc/proto-loader';

const PROTO = fileURLToPath(new URL('../../services/actuator/src/scaler/externalscaler.proto', import.meta.url));
const WITHIN_MS = 30_000;

const definition = await load(PROTO, { keepCase: true, longs: Number, defaults: true });
/** The calls of an external scaler, by their published names. */
export const KEDA_METHODS = definition['externalscaler.ExternalScaler'] as Record<
  string,
  MethodDefinition<object, object>
>;

export interface KedaAnswer {
  readonly answer: object | null;
  readonly code: number;
  readonly details: string;
  readonly trailer: Readonly<Record<string, unknown>>;
}

/** Asks an external scaler as KEDA does: a client made from the published interface. */
export class KedaClient {
  readonly #client: Client;

  constructor(port: number, how: ChannelCredentials = credentials.createInsecure()) {
    this.#client = new Client(`127.0.0.1:${port}`, how, {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.ssl_target_name_override': 'cloud.test',
    });
  }

  call(method: string, request: object): Promise<KedaAnswer> {
    const { path, requestSerialize, responseDeserialize } = methodOf(method);
    const options = { deadline: Date.now() + WITHIN_MS };
    return new Promise((resolve) => {
      let answer: object | null = null;
      const heard = (_error: ServiceError | null, value?: object) => {
        answer = value ?? null;
      };
      const sent = this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, options, heard);
      sent.on('status', ({ code, details, metadata }: { code: number; details: string; metadata: Metadata }) =>
        setImmediate(() => resolve({ answer, code, details, trailer: metadata.getMap() })),
      );
    });
  }

  stream(method: string, request: object) {
    const { path, requestSerialize, responseDeserialize } = methodOf(method);
    return this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
  }

  close(): void {
    this.#client.close();
  }
}

function methodOf(name: string): MethodDefinition<object, object> {
  const method = KEDA_METHODS[name];
  if (!method) throw new Error(`no method ${name}`);
  return method;
}
