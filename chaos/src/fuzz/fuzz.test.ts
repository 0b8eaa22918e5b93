import { expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';
import { KINDS } from './payloads.ts';

const SEED = Number(process.env.FORESCALE_SEED ?? 11);
const never = new AbortController().signal;

it(`wrong payloads over each way in are answered, refused and counted, and end nothing (seed ${SEED})`, async () => {
  const { rows, failures } = await fuzz({ payloads: 9_000, seed: SEED, signal: never, onProgress: () => {} });
  expect(failures).toEqual([]);
  expect(rows.map(({ kind }) => kind)).toEqual(KINDS);
  for (const { kind, sent, refused, valid } of rows) {
    expect(refused + valid, kind).toBe(sent);
    // Most changes break something; if all were refused, the right ones would be as well.
    expect(refused / sent, kind).toBeGreaterThan(0.7);
    expect(valid, kind).toBeGreaterThan(0);
  }
});
