import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

class EncodingError extends Error {
  readonly statusCode = 415;
}

class PackedTooLargeError extends Error {
  readonly statusCode = 413;
}

/**
 * The body of a request, unpacked where it comes as gzip. What is unpacked is bounded by who reads it; here is what is packed,
 * of which there may be any amount that becomes nothing, and that it is unpacked no further once it is answered.
 */
export function unpack(request: FastifyRequest, reply: FastifyReply, body: Readable, bytesMax: number): Readable {
  const given = request.headers['content-encoding'] ?? 'identity';
  const encoding = given.trim().toLowerCase();
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip' && encoding !== 'x-gzip')
    throw new EncodingError(`content-encoding = ${JSON.stringify(given)}: allowed: gzip`);
  // The length that the client names is that of the packed bytes.
  delete request.headers['content-length'];
  const unpacked = createGunzip();
  let packedBytes = 0;
  body.on('data', (chunk: Buffer) => {
    packedBytes += chunk.length;
    if (packedBytes > bytesMax) unpacked.destroy(new PackedTooLargeError('Request body is too large'));
  });
  body.on('error', (error) => unpacked.destroy(error));
  // Nobody reads the body of a request that is refused before: what is wrong with it must not end the process.
  unpacked.on('error', () => undefined);
  reply.raw.once('close', () => {
    body.unpipe(unpacked);
    unpacked.destroy();
    // The next request comes behind the rest of this one.
    body.resume();
  });
  return body.pipe(unpacked);
}
