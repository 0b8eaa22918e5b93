import { gzipSync } from 'node:zlib';
import { type Random, seededRandom } from '@forescale/shared/time';
import { mutateBytes, mutateJson, nested } from './mutate.ts';
import { OTLP_TYPES } from './otlp-types.ts';
import { breakRequest } from './raw.ts';

/** `raw`: not a wrong body within HTTP, but wrong HTTP, each on a connection of its own. */
export const KINDS = ['nats', 'otlp', 'http', 'raw'] as const;
export type Kind = (typeof KINDS)[number];
export const TOKEN = 'fuzz';

/** Payloads of one kind in a row. */
export const BATCH = 500;
/** Connections take longer than what goes over them: of twenty batches one is of those. */
const TURNS = 20;

/** One payload, and how it is sent. `path` is a subject on NATS, and nothing where `body` is all that is sent. */
export interface Payload {
  /** With the seed it says everything about the payload. */
  readonly number: number;
  readonly kind: Kind;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const TIME = '2026-03-04T11:59:00Z';
const nano = (ms: number) => `${ms}000000`;
const END_MS = Date.parse(TIME);

const KPI = { value: 5, unit: '1/s', time: TIME };
const EVENT = { specversion: '1.0', id: '1', source: '/shop/1', type: 'kpi', time: TIME, data: KPI };
const PUSHED = [
  { pool: 'web', signal: 'rps', source: 'shop/1', ...KPI },
  { pool: 'web', signal: 'queue', value: 7 },
];

const attributes = [{ key: 'service.name', value: { stringValue: 'shop' } }];
const point = { startTimeUnixNano: nano(END_MS - 60_000), timeUnixNano: nano(END_MS), attributes };
const metrics = [
  { name: 'queue.length', unit: '1', gauge: { dataPoints: [{ ...point, asInt: '7' }] } },
  { name: 'requests', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ ...point, asDouble: 5 }] } },
  {
    name: 'http.duration',
    unit: 's',
    histogram: { aggregationTemporality: 2, dataPoints: [{ ...point, count: '100', sum: 12.5 }] },
  },
  {
    name: 'rpc',
    exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ ...point, count: '9', sum: 3 }] },
  },
  { name: 'rpc', summary: { dataPoints: [{ ...point, count: '9', sum: 3 }] } },
];
const OTLP = { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ scope: {}, metrics }] }] };

/** The kind of a payload. Where only some kinds are wanted, they take turns. */
export function kindOf(number: number, kinds: readonly Kind[]): Kind {
  const batch = Math.floor(number / BATCH);
  const bodies = kinds.filter((kind) => kind !== 'raw');
  const isRaw = bodies.length === 0 || (bodies.length < kinds.length && batch % TURNS === 0);
  return isRaw ? 'raw' : (bodies[batch % bodies.length] as Kind);
}

/** What is right, and is taken between all that is wrong: one sample each. */
export function rightOne(kind: Kind): Payload {
  const body = Buffer.from(JSON.stringify(kind === 'nats' ? EVENT : PUSHED[0]));
  if (kind === 'nats') return { number: -1, kind, path: 'forescale.v1.kpi.web.rps', headers: {}, body };
  return { number: -1, kind: 'http', path: '/api/v1/kpi', headers: { 'content-type': 'application/json' }, body };
}

/** Payloads that are wrong somewhere, out of some that are right: the same for the same seed and number. */
export class PayloadSource {
  readonly #seed: number;
  readonly #otlpBytes: Buffer;
  readonly #bomb = gzipSync(Buffer.alloc(8 * 2 ** 20));
  readonly #large = Buffer.alloc(4 * 2 ** 20 + 1, ' ');

  constructor(seed: number) {
    this.#seed = seed;
    this.#otlpBytes = encodeOtlp(OTLP);
  }

  of(number: number, kind: Kind): Payload {
    const random = seededRandom(Math.imul(this.#seed, 0x9e3779b1) + number);
    return { number, ...this.#draw(random, kind) };
  }

  #draw(random: Random, kind: Kind): Omit<Payload, 'number'> {
    if (kind === 'nats') return this.#nats(random);
    if (kind === 'otlp') return this.#otlp(random);
    if (kind === 'http') return this.#http(random);
    const { path, headers, body } = random.below(2) === 0 ? rightOne('http') : this.#http(random);
    const lines = { ...headers, host: 'fuzz', authorization: `Bearer ${TOKEN}` };
    return { kind, path: '', headers: {}, body: breakRequest(random, path, lines, body) };
  }

  #nats(random: Random): Omit<Payload, 'number'> {
    const subjects = ['forescale.v1.kpi.web.rps', 'forescale.v1.kpi.web.queue', 'forescale.v1.kpi.nobody.rps'];
    const path = random.below(20) === 0 ? 'forescale.v1.kpi.a.b.c' : (subjects[random.below(3)] as string);
    return { kind: 'nats', path, headers: {}, body: this.#json(random, random.below(2) === 0 ? EVENT : KPI) };
  }

  #otlp(random: Random): Omit<Payload, 'number'> {
    const isJson = random.below(2) === 0;
    const body = isJson ? this.#json(random, OTLP) : this.#protobuf(random);
    return this.#over(random, 'otlp', '/v1/metrics', isJson ? 'application/json' : 'application/x-protobuf', body);
  }

  #http(random: Random): Omit<Payload, 'number'> {
    return this.#over(random, 'http', '/api/v1/kpi', 'application/json', this.#json(random, PUSHED));
  }

  /** Now and then what is around the body is wrong as well. */
  #over(random: Random, kind: Kind, path: string, type: string, body: Buffer): Omit<Payload, 'number'> {
    const types = [
      'text/plain',
      'application/json; charset=utf-16',
      'multipart/form-data',
      'a',
      'application/x-protobuf',
    ];
    const headers: Record<string, string> = {
      'content-type': random.below(20) === 0 ? (types[random.below(5)] as string) : type,
    };
    const chance = random.below(2_000);
    if (chance === 0) return { kind, path, headers, body: this.#large };
    if (chance === 1) return { kind, path, headers: { ...headers, 'content-encoding': 'gzip' }, body: this.#bomb };
    if (chance < 60) return { kind, path, headers: { ...headers, 'content-encoding': 'gzip' }, body: gzipSync(body) };
    if (chance < 100) return { kind, path, headers: { ...headers, 'content-encoding': 'gzip' }, body };
    if (chance < 110) return { kind, path, headers: { ...headers, 'content-encoding': 'deflate' }, body };
    return { kind, path, headers, body };
  }

  #json(random: Random, document: Parameters<typeof mutateJson>[1]): Buffer {
    const chance = random.below(100);
    if (chance === 0) return Buffer.from(nested(random));
    if (chance < 60) return Buffer.from(mutateJson(random, document));
    return mutateBytes(random, Buffer.from(JSON.stringify(document)), this.#otlpBytes);
  }

  /** Bytes that are wrong, or right ones of values that are. */
  #protobuf(random: Random): Buffer {
    if (random.below(3) > 0) return mutateBytes(random, this.#otlpBytes, this.#otlpBytes);
    const document = mutateJson(random, OTLP);
    try {
      return encodeOtlp(JSON.parse(document));
    } catch {
      // What the library cannot even write comes as it is, by the wrong name.
      return Buffer.from(document);
    }
  }
}

function encodeOtlp(document: Record<string, unknown>): Buffer {
  const { request } = OTLP_TYPES;
  return Buffer.from(request.encode(request.fromObject(document)).finish());
}
