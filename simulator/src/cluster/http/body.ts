import type { IncomingMessage } from 'node:http';

/** As a real server: larger requests answer 413. */
const BODY_BYTES_MAX = 3 * 2 ** 20;

/** The request's body as text; null when it is larger than a server takes. */
export async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  return bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks).toString('utf8');
}
