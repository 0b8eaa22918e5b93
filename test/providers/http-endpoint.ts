import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

const BODY_BYTES_MAX = 2 ** 20;

export interface EndpointRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  /** Parsed JSON, bytes where it is something else; undefined: there was none. */
  readonly body: unknown;
}

export interface EndpointAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, but for text, which is sent as it is, also piece by piece. */
  readonly body?: unknown;
}

/** Null: the connection ends without a word. */
export type Answering = (request: EndpointRequest) => EndpointAnswer | null;

/** An HTTP server on loopback or on a unix socket that answers so. */
export async function serveEndpoint(answering: Answering, socketPath?: string) {
  const server = createServer(async (request, response) => {
    const answer = answering(await parsedRequest(request));
    if (answer === null) return void request.socket.destroy();
    const { status, headers = {}, body } = answer;
    response.sendDate = false;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    if (isPieces(body)) for await (const piece of body) response.write(piece);
    response.end(
      body === undefined || isPieces(body) ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    );
  });
  await new Promise<void>((resolve) => {
    if (socketPath === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(socketPath, resolve);
  });
  const address = server.address() as AddressInfo | string;
  return {
    url: typeof address === 'string' ? `unix://${address}` : `http://127.0.0.1:${address.port}`,
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function isPieces(body: unknown): body is AsyncIterable<string> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

async function parsedRequest(request: IncomingMessage): Promise<EndpointRequest> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > BODY_BYTES_MAX) throw new Error('a request of that size is a mistake');
  }
  const bytes = Buffer.concat(chunks);
  const isJson = request.headers['content-type']?.startsWith('application/json') ?? false;
  return {
    method: request.method ?? '',
    url: new URL(request.url ?? '/', 'http://endpoint'),
    headers: request.headers,
    body: length === 0 ? undefined : isJson ? JSON.parse(bytes.toString()) : bytes,
  };
}
