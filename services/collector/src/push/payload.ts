import { createGunzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';

class EncodingError extends Error {
  readonly statusCode = 415;
}

/**
 * Bodies of these types as bytes, unpacked where they come as gzip. The bound is of what is unpacked: a small body may not
 * become a large one.
 */
export function takeBytes(app: FastifyInstance, types: readonly string[], bytesMax: number): void {
  app.removeAllContentTypeParsers();
  for (const type of types)
    app.addContentTypeParser(type, { parseAs: 'buffer', bodyLimit: bytesMax }, (_request, body, done) =>
      done(null, body),
    );
  app.addHook('preParsing', async (request, _reply, payload) => {
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding === 'identity') return payload;
    if (encoding !== 'gzip') throw new EncodingError(`content-encoding = ${JSON.stringify(encoding)}: allowed: gzip`);
    // The length that the client names is that of the packed bytes.
    delete request.headers['content-length'];
    const unpacked = createGunzip();
    payload.on('error', (error) => unpacked.destroy(error));
    // Nobody reads the body of a request that is refused before: what is wrong with it must not end the process.
    unpacked.on('error', () => undefined);
    return payload.pipe(unpacked);
  });
}

/** In words what was wrong with a body: what zlib says of one names none. */
export function payloadTrouble(error: Error & { readonly code?: string }): string {
  return error.code?.startsWith('Z_') ? `the body: not gzip: ${error.message}` : error.message;
}
