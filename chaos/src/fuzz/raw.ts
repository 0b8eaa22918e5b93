import type { Random } from '@forescale/shared/time';
import { mutateBytes } from './mutate.ts';

const pick = <T>(random: Random, some: readonly T[]): T => some[random.below(some.length)] as T;

/** What is put in place of the request's first line. */
const FIRST_LINES = [
  'POST',
  'POST /api/v1/kpi',
  'POST /api/v1/kpi HTTP/9.9',
  'POST /api/v1/kpi HTTP/0.9',
  'PO\u0000ST /api/v1/kpi HTTP/1.1',
  'BREW /api/v1/kpi HTTP/1.1',
  'CONNECT /api/v1/kpi HTTP/1.1',
  'POST http://elsewhere/api/v1/kpi HTTP/1.1',
  'POST /api/v1/kpi/../../v1/metrics HTTP/1.1',
  'POST /%2e%2e/%00 HTTP/1.1',
  'POST * HTTP/1.1',
  `POST /${'a'.repeat(20_000)} HTTP/1.1`,
  'PRI * HTTP/2.0',
];
const LENGTHS = ['0', '-1', '1', '0x10', '1e3', '99999999999999999999', '10, 10', ' ', '5\r\nContent-Length: 6'];
const CHUNKS = [
  '-1\r\n',
  'zz\r\n',
  'FFFFFFFFFFFFFFFF\r\n',
  '5\r\nabc',
  '1;ext="\r\n',
  '0\r\nX: y\r\n',
  '\r\n',
  '3\nabc\n0\n\n',
];
const LINES = [
  'no colon at all',
  'a\u0000b: c',
  'a: b\u0000c',
  ': nameless',
  ' folded: line',
  'transfer-encoding: chunked',
  'transfer-encoding: gzip, chunked',
  'expect: 100-continue',
  'expect: miracles',
  'upgrade: h2c\r\nconnection: upgrade',
  'content-encoding: gzip',
  'authorization: Bearer another',
  `long: ${'x'.repeat(20_000)}`,
  Array.from({ length: 3_000 }, (_, i) => `h${i}: v`).join('\r\n'),
];
const GREETINGS = [
  Buffer.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01),
  Buffer.from('SSH-2.0-x\r\n'),
  Buffer.alloc(1_000, 0xff),
];

/** A request in the bytes of HTTP/1.1 that is wrong in how it is framed, addressed, or by whom it says it is. */
export function breakRequest(
  random: Random,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const length = `content-length: ${body.length}`;
  const first = `POST ${path} HTTP/1.1`;
  const write = (top: string, rest: readonly string[], tail: Buffer = body) =>
    Buffer.concat([Buffer.from(`${[top, ...rest].join('\r\n')}\r\n\r\n`, 'latin1'), tail]);
  const whole = write(first, [...lines, length]);
  switch (random.below(8)) {
    case 0:
      return mutateBytes(random, whole, whole);
    case 1:
      return write(first, [...lines, `content-length: ${pick(random, LENGTHS)}`]);
    case 2:
      return write(first, [...lines, `content-length: ${random.below(2 * body.length + 10)}`]);
    case 3:
      return write(first, [...lines, 'transfer-encoding: chunked'], Buffer.from(pick(random, CHUNKS)));
    case 4:
      return write(first, [pick(random, LINES), ...lines, length]);
    case 5:
      return write(pick(random, FIRST_LINES), [...lines, length]);
    case 6:
      return whole.subarray(0, random.below(whole.length));
    default:
      return Buffer.concat([pick(random, GREETINGS), whole]);
  }
}
