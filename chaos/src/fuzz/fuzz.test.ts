import { expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';
import { KINDS, type Kind, PayloadSource } from './payloads.ts';

const SEED = Number(process.env.FORESCALE_SEED ?? 11);
const never = new AbortController().signal;

it(`wrong payloads over each way in are answered, refused and counted, and end nothing (seed ${SEED})`, async () => {
  const { rows, failures } = await fuzz({ payloads: 20_000, seed: SEED, signal: never, onProgress: () => {} });
  expect(failures).toEqual([]);
  expect(rows.map(({ kind }) => kind)).toEqual(KINDS);
  for (const { kind, sent, refused, accepted } of rows) {
    // Counted on one side, answered on the other.
    expect(refused + accepted, kind).toBe(sent);
    // Most changes break something; if all were refused, the right ones would be as well.
    expect(refused / sent, kind).toBeGreaterThan(0.7);
    expect(accepted, kind).toBeGreaterThan(0);
  }
});

it('a payload is the same again by its seed and number, whatever was sent before it', () => {
  const whole = new PayloadSource(5);
  const before = Array.from({ length: 40 }, (_, number) => whole.of(number, KINDS[number % 4] as Kind));
  for (const payload of before.toReversed())
    expect(new PayloadSource(5).of(payload.number, payload.kind)).toEqual(payload);
});
