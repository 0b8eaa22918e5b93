import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SAMPLE_FLAGS, type Sample } from '../domain/index.ts';
import { encodeSample } from './kpi.ts';
import { createSampleEncoder } from './sample-encoder.ts';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const name = fc.constantFrom('web', 'a-b', 'load', '0');
const named = fc.record({
  pool: name,
  signal: name,
  source: fc.oneof(fc.string({ minLength: 1, maxLength: 20 }), fc.constantFrom('"', '\\', 'ü節🚀', '\n')),
  timeMs: fc.oneof(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 3_000 })),
  value: fc.double(),
});
const flags = fc.option(fc.subarray([...SAMPLE_FLAGS], { minLength: 1 }), { nil: undefined });
const sample = fc
  .tuple(named, flags)
  .map(([one, noticed]): Sample => (noticed === undefined ? one : { ...one, flags: noticed }));

it('many samples, encoded by one encoder: each as it is encoded alone', () => {
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 30 }), (samples) => {
      const encode = createSampleEncoder();
      const encoded = [...encode(samples), ...samples.flatMap((one) => encode([one]))];
      for (const [index, one] of [...samples, ...samples].entries()) {
        expect(text(encoded[index]?.data as Uint8Array)).toBe(text(encodeSample(one)));
        expect(encoded[index]?.subject).toBe(`forescale.v1.sample.${one.pool}.${one.signal}`);
      }
    }),
  );
});

it('more series than it remembers are still each their own', () => {
  const encode = createSampleEncoder();
  for (let i = 0; i < 20_001; i++) {
    const one = { pool: 'web', signal: 'load', source: `s${i % 15_000}`, timeMs: i, value: i };
    expect(text(encode([one])[0]?.data as Uint8Array)).toBe(text(encodeSample(one)));
  }
});
