import { gzipSync } from 'node:zlib';
import type { Random } from '@forescale/shared/time';
import protobuf from 'protobufjs';
import { mutateBytes, mutateJson, nested } from './mutate.ts';

export const KINDS = ['nats', 'otlp', 'http'] as const;
export type Kind = (typeof KINDS)[number];

/** One payload, and how it is sent. `path` is a subject on NATS. */
export interface Payload {
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
  { name: 'rpc', summary: { dataPoints: [{ ...point, count: '9', sum: 3 }] } },
];
const OTLP = { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ scope: {}, metrics }] }] };

const PROTO = new URL(import.meta.resolve('@forescale/collector/otlp.proto'));

/** Draws payloads that are wrong somewhere, out of some that are right. */
export class PayloadSource {
  readonly #random: Random;
  readonly #otlpBytes: Buffer;
  readonly #bomb = gzipSync(Buffer.alloc(8 * 2 ** 20));
  readonly #large = Buffer.alloc(4 * 2 ** 20 + 1, ' ');

  constructor(random: Random) {
    this.#random = random;
    const type = protobuf.loadSync(PROTO.pathname).lookupType('otlp.ExportMetricsServiceRequest');
    this.#otlpBytes = Buffer.from(type.encode(type.fromObject(OTLP)).finish());
  }

  next(kind: Kind): Payload {
    if (kind === 'nats') return this.#nats();
    return kind === 'otlp' ? this.#otlp() : this.#http();
  }

  #nats(): Payload {
    const random = this.#random;
    const subjects = ['forescale.v1.kpi.web.rps', 'forescale.v1.kpi.web.queue', 'forescale.v1.kpi.nobody.rps'];
    const path = random.below(20) === 0 ? 'forescale.v1.kpi.a.b.c' : (subjects[random.below(3)] as string);
    return { kind: 'nats', path, headers: {}, body: this.#json(random.below(2) === 0 ? EVENT : KPI) };
  }

  #otlp(): Payload {
    const isJson = this.#random.below(2) === 0;
    const body = isJson ? this.#json(OTLP) : mutateBytes(this.#random, this.#otlpBytes, this.#otlpBytes);
    return this.#over('otlp', '/v1/metrics', isJson ? 'application/json' : 'application/x-protobuf', body);
  }

  #http(): Payload {
    return this.#over('http', '/api/v1/kpi', 'application/json', this.#json(PUSHED));
  }

  /** Now and then what is around the body is wrong as well. */
  #over(kind: Kind, path: string, type: string, body: Buffer): Payload {
    const random = this.#random;
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

  #json(document: Parameters<typeof mutateJson>[1]): Buffer {
    const random = this.#random;
    const chance = random.below(100);
    if (chance === 0) return Buffer.from(nested(random));
    if (chance < 60) return Buffer.from(mutateJson(random, document));
    return mutateBytes(random, Buffer.from(JSON.stringify(document)), this.#otlpBytes);
  }
}
