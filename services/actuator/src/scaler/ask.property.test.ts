import { parseConfig } from '@forescale/shared/config';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseScaleAsk } from './ask.ts';
import { AskError } from './errors.ts';

const { pools } = parseConfig('autoscaler: { pools: [{ name: web, signals: [{ name: rps }] }] }', 'test', {});

const key = fc.oneof(
  fc.constantFrom('pool', 'signal', 'quantile', 'lead', 'target', 'activation', '__proto__', 'constructor'),
  fc.string(),
);
const value = fc.oneof(
  fc.constantFrom('web', 'rps', '0.95', '2m', '1e400', '-0', 'NaN', '0x1f', '9'.repeat(400)),
  fc.string({ unit: 'binary' }),
  fc.double().map(String),
);
const sensible = fc.record({
  pool: fc.constant('web'),
  signal: fc.constant('rps'),
  target: fc.double({ min: 1e-9, max: 1e15, noNaN: true }).map(String),
});

it('whatever is asked for is within bounds, or refused in one short line that may be printed', () => {
  fc.assert(
    fc.property(fc.option(sensible), fc.array(fc.tuple(key, value), { maxLength: 8 }), (base, entries) => {
      const asked = Object.fromEntries([...Object.entries(base ?? {}), ...entries]);
      try {
        const { quantile, leadMs, target, activation } = parseScaleAsk(asked, pools, []);
        expect(quantile).toBeGreaterThanOrEqual(0.1);
        expect(quantile).toBeLessThanOrEqual(0.999);
        expect(leadMs).toBeGreaterThanOrEqual(1_000);
        expect(target).toBeGreaterThan(0);
        expect(activation).toBeGreaterThanOrEqual(0);
        expect([leadMs, target, activation].every(Number.isFinite)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(AskError);
        const { message } = error as AskError;
        expect(message.length).toBeLessThan(700);
        expect(message).not.toMatch(/\p{Cc}/u);
      }
    }),
    { numRuns: 2_000 },
  );
});
