import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeKpi, kpiSchemas, WireError } from './index.ts';

const ARRIVED_MS = Date.UTC(2026, 2, 4);

const time = fc.oneof(
  fc.constantFrom(
    ...[
      '2026-02-28T23:59:59Z',
      '2026-02-29T00:00:00Z',
      '2024-02-29T00:00:00Z',
      '2026-02-30T00:00:00Z',
      '1969-12-31T23:59:59Z',
    ],
    ...[
      '2026-03-04T24:00:00Z',
      '2026-03-04T09:00Z',
      '2026-03-04T09:00:00+01:00',
      '2026-03-04T09:00:00.123456Z',
      '2026-13-01T00:00:00Z',
    ],
    ...['2026-03-04 09:00:00Z', '2026-03-04T09:00:00', '', 'yesterday', '1970-01-01T00:00:00Z', '2026-03-04t09:00:00z'],
  ),
  fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2999-12-31') }).map((date) => date.toISOString()),
);
const odd = fc.constantFrom(null, 7, '7', true, [], {}, 'x'.repeat(33), 'x'.repeat(300));
const orOdd = <T>(arbitrary: fc.Arbitrary<T>) => fc.oneof({ weight: 5, arbitrary }, { weight: 1, arbitrary: odd });
const data = fc.record(
  {
    value: orOdd(fc.double({ noNaN: true, noDefaultInfinity: true })),
    unit: orOdd(fc.string({ maxLength: 34 })),
    time: orOdd(time),
    more: odd,
  },
  { requiredKeys: [] },
);
const event = fc.record(
  {
    specversion: orOdd(fc.constant('1.0')),
    source: orOdd(fc.string({ maxLength: 260 })),
    time: orOdd(time),
    data: orOdd(data),
    id: odd,
  },
  { requiredKeys: [] },
);

/** What the schemas alone make of it. */
function bySchema(raw: object) {
  if ('specversion' in raw) {
    const { success, data } = kpiSchemas.event.safeParse(raw);
    return success ? { source: data.source, timeMs: data.data.time ?? data.time ?? ARRIVED_MS, ...data.data } : null;
  }
  const { success, data } = kpiSchemas.bare.safeParse(raw);
  return success ? { source: '', timeMs: data.time ?? ARRIVED_MS, ...data } : null;
}

it('what is read without the schemas is what they read, and nothing that they refuse', () => {
  fc.assert(
    fc.property(fc.oneof(event, data), (raw) => {
      const bytes = new TextEncoder().encode(JSON.stringify(raw));
      let decoded: ReturnType<typeof decodeKpi> | null = null;
      try {
        decoded = decodeKpi('forescale.v1.kpi.web.rps', bytes, ARRIVED_MS);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
      const wanted = bySchema(JSON.parse(JSON.stringify(raw)) as object);
      if (wanted === null || decoded === null) return void expect(decoded).toBe(wanted);
      const { value, unit = undefined, timeMs } = decoded;
      expect({ value, unit, timeMs }).toEqual({
        value: wanted.value,
        unit: wanted.unit || undefined,
        timeMs: wanted.timeMs,
      });
      expect(decoded.source).toBe(wanted.source.replace(/[^\w./#-]/g, '-').slice(0, 63) || 'nats');
    }),
    { numRuns: 20_000 },
  );
});
