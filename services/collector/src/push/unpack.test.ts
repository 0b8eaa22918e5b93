import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { expect, it } from 'vitest';
import { unpack } from './unpack.ts';

const MIB = 2 ** 20;

function unpacking(body: Readable) {
  const response = new EventEmitter();
  const request = { headers: { 'content-encoding': 'gzip' } } as unknown as FastifyRequest;
  const unpacked = unpack(request, { raw: response } as unknown as FastifyReply, body, MIB);
  return { response, unpacked };
}

it('a body that becomes a large one is unpacked no further once it is answered', async () => {
  const { response, unpacked } = unpacking(Readable.from([gzipSync(Buffer.alloc(64 * MIB))]));
  let bytes = 0;
  unpacked.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    // As whoever reads it does at its bound.
    if (bytes > MIB) response.emit('close');
  });
  await once(unpacked, 'close');
  expect(bytes).toBeLessThan(2 * MIB);
});

it('what is packed and becomes nothing is bounded as well', async () => {
  const nothing = gzipSync('');
  function* endless() {
    while (true) yield Buffer.concat(Array(1_000).fill(nothing));
  }
  const { unpacked } = unpacking(Readable.from(endless()));
  unpacked.resume();
  const [error] = await once(unpacked, 'error').catch((thrown: unknown) => [thrown]);
  expect(error).toMatchObject({ statusCode: 413 });
});
