import { z } from 'zod';
import { ProviderError } from '../errors.ts';
import { sendJson } from '../http.ts';
import { classOfStatus, type HttpFailure, retryAfterMs } from '../refusal.ts';

const failureSchema = z.object({
  error: z.object({
    class: z.enum(['capacity', 'quota', 'throttled', 'transient', 'auth', 'config', 'conflict']),
    message: z.string().transform((text) => text.slice(0, 500)),
  }),
});

export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * One call. Resolves to answers of 2xx, and of 404 to a DELETE in the cloud's own words; rejects with a `ProviderError`
 * for everything else: the class is the one that the body names, else the status's; no answer at all may mean
 * anything, which is `transient`.
 */
export async function callCloud(
  method: 'GET' | 'POST' | 'DELETE',
  url: URL,
  signal: AbortSignal,
  body?: unknown,
): Promise<HttpAnswer> {
  const what = `${method} ${url.pathname}`;
  const answer = await sendJson(url, { method, body, signal, secrets: [] });
  const { status } = answer;
  const isGone = status === 404 && method === 'DELETE' && failureSchema.safeParse(answer.body).success;
  if ((status >= 200 && status < 300) || isGone) return { status, body: answer.body };
  throw classified(what, answer);
}

function classified(what: string, { status, headers, body }: HttpFailure): ProviderError {
  const waitMs = retryAfterMs(headers['retry-after']);
  const options = waitMs === null ? {} : { retryAfterMs: waitMs };
  const failure = failureSchema.safeParse(body);
  if (failure.success) return new ProviderError(failure.data.error.class, failure.data.error.message, options);
  return new ProviderError(classOfStatus(status), `${what}: HTTP ${status}`, options);
}
