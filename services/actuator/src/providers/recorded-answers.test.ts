import { describe, expect, it } from 'vitest';
import { azureError } from './azure/errors.ts';
import { RECORDED } from './recorded-answers.test-data.ts';

const MINUTE_MS = 60_000;

describe('what a cloud answers', () => {
  it.each(RECORDED.map((one) => [one.name, one.errorClass, one] as const))('%s: %s', (_name, errorClass, one) => {
    expect(one.error?.errorClass ?? null).toBe(errorClass);
    const mark = one.minutes === null ? null : { ms: one.minutes * MINUTE_MS, scope: one.scope };
    expect(one.error?.mark ?? null).toEqual(mark);
    expect(one.error?.ambiguous ?? null).toBe(one.error && (errorClass === 'transient' || errorClass === 'conflict'));
    if (one.error) expect(one.error.message).not.toBe('');
  });

  it('how long Azure asks to be left alone', () => {
    const answer = { status: 429, headers: { 'retry-after': '17' }, body: undefined };
    expect(azureError(answer, 'spot')).toMatchObject({ errorClass: 'throttled', retryAfterMs: 17_000 });
  });

  it.each(['no JSON', { error: 'a text' }, { error: { errors: 7 } }, null])('%j means what its status does', (body) => {
    expect(azureError({ status: 503, headers: {}, body }, 'spot').errorClass).toBe('transient');
    expect(azureError({ status: 404, headers: {}, body }, 'spot').errorClass).toBe('config');
  });
});
