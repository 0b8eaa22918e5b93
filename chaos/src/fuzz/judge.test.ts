import { expect, it } from 'vitest';
import { judge } from './judge.ts';
import { OTLP_TYPES } from './otlp-types.ts';
import type { Payload } from './payloads.ts';

const KPI = '/api/v1/kpi';
const OTLP = '/v1/metrics';
const payload = (path: string) => ({ number: 0, kind: 'http', path, headers: {}, body: Buffer.of() }) as Payload;
const partial = (rejectedDataPoints: number) => ({ partialSuccess: { rejectedDataPoints, errorMessage: 'x' } });

it.each<
  [what: string, path: string, status: number, body: unknown, written: number, refused: number, wrong: RegExp | null]
>([
  ['taken and written', KPI, 200, { accepted: 2, refused: [] }, 2, 0, null],
  ['taken and not written', KPI, 200, { accepted: 2, refused: [] }, 1, 0, /2 written .* 1 and 0 counted/],
  ['refused and not counted', KPI, 400, { error: 'x' }, 0, 0, /0 written and 1 refused .* 0 and 0 counted/],
  ['refused and written', KPI, 400, { error: 'x' }, 1, 1, /1 and 1 counted/],
  ['an answer without a reason', KPI, 400, { error: '' }, 0, 1, /cannot be read/],
  ['a mistake of its own', KPI, 500, { error: 'x' }, 0, 1, /not expected/],
  ['points of which some are not taken', OTLP, 200, partial(1), 3, 2, null],
  ['points not taken and not counted', OTLP, 200, partial(2), 3, 1, /2 rejected, 1 counted/],
  ['points counted and not said', OTLP, 200, {}, 3, 1, /0 rejected, 1 counted/],
  ['a failure that is no Status', OTLP, 400, { error: 'x' }, 0, 1, /cannot be read/],
  ['a failure that is one', OTLP, 415, { code: 3, message: 'x' }, 0, 1, null],
])('%s', (_what, path, status, json, written, refused, wrong) => {
  const body = Buffer.from(JSON.stringify(json));
  const verdict = judge(payload(path), { status, type: 'application/json', body }, { written, refused });
  if (wrong === null) expect(verdict.wrong).toBeNull();
  else expect(verdict.wrong).toMatch(wrong);
});

it('a failure in protobuf is read as one', () => {
  const body = Buffer.from(OTLP_TYPES.status.encode({ code: 3, message: 'x' }).finish());
  const answer = { status: 400, type: 'application/x-protobuf', body };
  expect(judge(payload(OTLP), answer, { written: 0, refused: 1 }).wrong).toBeNull();
  expect(
    judge(payload(OTLP), { ...answer, type: 'application/json' }, { written: 0, refused: 1 }).wrong,
  ).not.toBeNull();
});
