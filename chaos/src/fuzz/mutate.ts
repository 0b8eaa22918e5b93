import type { Random } from '@forescale/shared/time';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const pick = <T>(random: Random, some: readonly T[]): T => some[random.below(some.length)] as T;

/** What parsers have stumbled over. */
const BAD_VALUES: readonly Json[] = [
  null,
  true,
  '',
  'NaN',
  'Infinity',
  -1,
  0.1,
  -0,
  1e308,
  -1e308,
  2 ** 53 + 1,
  '99999999999999999999999',
  '2026-03-04T09:00:00Z',
  '0000-00-00T00:00:00Z',
  '275760-09-13T00:00:00.001Z',
  '\u0000',
  '\ud800',
  '💥',
  '../../etc/passwd',
  "'; DROP DATABASE forescale; --",
  'a\nb\r\nc,d=e f',
  'web ',
  'constructor',
  'x'.repeat(10_000),
  [],
  {},
  [[]],
  { value: { value: { value: 1 } } },
];
const BAD_KEYS = ['__proto__', 'constructor', 'toString', 'value', 'time', 'pool', 'specversion', '', 'a'.repeat(500)];

/** One to four changes somewhere in a document. */
export function mutateJson(random: Random, document: Json): string {
  let mutated = structuredClone(document);
  for (let changes = 1 + random.below(4); changes > 0; changes--) mutated = changeSomewhere(random, mutated);
  return JSON.stringify(mutated);
}

function changeSomewhere(random: Random, node: Json): Json {
  const isLeaf = node === null || typeof node !== 'object';
  if (isLeaf || random.below(5) === 0) return pick(random, BAD_VALUES);
  if (Array.isArray(node)) {
    if (node.length === 0) return [pick(random, BAD_VALUES)];
    const at = random.below(node.length);
    if (random.below(4) === 0) return [...node, ...node.slice(at)];
    return node.map((item, index) => (index === at ? changeSomewhere(random, item) : item));
  }
  const keys = Object.keys(node);
  if (keys.length === 0 || random.below(6) === 0)
    return withKey(node, pick(random, BAD_KEYS), pick(random, BAD_VALUES));
  const key = pick(random, keys);
  if (random.below(5) === 0) return Object.fromEntries(Object.entries(node).filter(([name]) => name !== key));
  return withKey(node, key, changeSomewhere(random, node[key] ?? null));
}

/** `__proto__` as a key of its own, as JSON has it. */
function withKey(node: { [key: string]: Json }, key: string, value: Json): { [key: string]: Json } {
  return Object.fromEntries([...Object.entries(node), [key, value]]);
}

const BAD_BYTES = [0x00, 0xff, 0x7f, 0x80, 0x0a, 0x22, 0x5b, 0x7b, 0x7d, 0xc3, 0xed];

/** One to six changes of bytes: flipped, cut out, doubled, put in, cut off, or spliced with another payload. */
export function mutateBytes(random: Random, payload: Uint8Array, other: Uint8Array): Buffer {
  let bytes = Buffer.from(payload);
  for (let changes = 1 + random.below(6); changes > 0; changes--) {
    const at = random.below(bytes.length + 1);
    const until = Math.min(bytes.length, at + 1 + random.below(16));
    switch (random.below(7)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
        break;
      case 1:
        if (at < bytes.length) bytes[at] = pick(random, BAD_BYTES);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(until)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, until), bytes.subarray(at)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(BAD_BYTES), bytes.subarray(at)]);
        break;
      case 5:
        bytes = bytes.subarray(0, at);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))]);
    }
  }
  return bytes;
}

/** Brackets within brackets, deeper than anybody means. */
export function nested(random: Random): string {
  const depth = 1 + random.below(50_000);
  const [open, close] = pick(random, [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const);
  return random.below(2) === 0 ? open.repeat(depth) : `${open.repeat(depth)}1${close.repeat(depth)}`;
}
