import { z } from 'zod';
import { MARK_MS, type Mark, type ProviderError, QUOTA_MARK_MS } from '../errors.ts';
import { classified, type HttpFailure, type Rule, retryAfterMs } from '../refusal.ts';

/** Of many that are refused at once only one is let in next. */
const CALL_MS_MIN = 1_000;
const MARK: Mark = { ms: MARK_MS, scope: 'offering' };

/**
 * `conflict` is a change that came in between, `locked` one that is under way: the same call later succeeds. `protected` is
 * one server, with HTTP 403: all others may be deleted.
 */
const RULES: readonly Rule[] = [
  { errorClass: 'capacity', codes: /^(resource_unavailable|placement_error)$/ },
  { errorClass: 'quota', codes: /^resource_limit_exceeded$/, mark: { ms: QUOTA_MARK_MS } },
  { errorClass: 'throttled', codes: /^rate_limit_exceeded$/ },
  {
    errorClass: 'transient',
    codes: /^(server_error|service_error|unavailable|maintenance|timeout|conflict|locked)$/,
  },
  { errorClass: 'auth', codes: /^(unauthorized|forbidden|token_readonly)$/ },
  { errorClass: 'config', codes: /^(invalid_input|json_error|protected)$/ },
  { errorClass: 'conflict', codes: /^uniqueness_error$/ },
];

const failure = z.object({ code: z.string(), message: z.string().default('') });

/** A call that was refused, or the action that it began and that has failed. */
const bodySchema = z.union([
  z.object({ error: failure }).transform(({ error }) => error),
  z.object({ action: z.object({ error: failure }) }).transform(({ action }) => action.error),
]);

export function hetznerError({ status, headers, body }: HttpFailure): ProviderError {
  const said = bodySchema.safeParse(body).data;
  const wait = retryAfterMs(headers['retry-after']) ?? (status === 429 ? nextCallMs(headers) : null);
  return classified({ status, code: said?.code ?? '', message: said?.message ?? '', retryAfterMs: wait }, RULES, MARK);
}

/**
 * When the next call is let in: calls come back one by one, and all of `limit` have at `reset`. 3600 calls lacking that are
 * back in 3600 s: the next one in 1 s. By the answer's own date, since the clocks may differ.
 */
function nextCallMs(headers: HttpFailure['headers']): number | null {
  const dateMs = Date.parse(headers.date ?? '');
  const resetMs = Number(headers['ratelimit-reset'] ?? Number.NaN) * 1_000;
  const lacking = Number(headers['ratelimit-limit'] ?? Number.NaN) - Number(headers['ratelimit-remaining'] ?? 0);
  const waitMs = (resetMs - dateMs) / lacking;
  return Number.isFinite(waitMs) && lacking > 0 ? Math.max(CALL_MS_MIN, Math.ceil(waitMs)) : null;
}
