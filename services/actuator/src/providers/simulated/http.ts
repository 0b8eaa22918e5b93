import { networkReason } from '@forescale/shared/network';
import { z } from 'zod';
import { ProviderError } from '../errors.ts';
import { boundedText, parseJson } from '../http.ts';
import { classOfStatus, retryAfterMs } from '../refusal.ts';

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
 * One call, with the bearer token where there is one. Resolves to answers of 2xx, and of 404 to a DELETE in the cloud's own words; rejects with a `ProviderError`
 * for everything else: the class is the one that the body names, else the status's; no answer at all may mean
 * anything, which is `transient`.
 */
export async function callCloud(
  method: 'GET' | 'POST' | 'DELETE',
  url: URL,
  token: string,
  signal: AbortSignal,
  body?: unknown,
): Promise<HttpAnswer> {
  const what = `${method} ${url.pathname}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method,
      signal,
      redirect: 'error',
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    text = await boundedText(response);
  } catch (error) {
    throw new ProviderError('transient', `${what}: ${networkReason(error)}`, { cause: error });
  }
  const parsed = parseJson(text);
  const isGone = response.status === 404 && method === 'DELETE' && failureSchema.safeParse(parsed).success;
  if (response.ok || isGone) return { status: response.status, body: parsed };
  throw classified(what, response, parsed);
}

function classified(what: string, response: Response, body: unknown): ProviderError {
  const waitMs = retryAfterMs(response.headers.get('retry-after'));
  const options = waitMs === null ? {} : { retryAfterMs: waitMs };
  const failure = failureSchema.safeParse(body);
  if (failure.success) return new ProviderError(failure.data.error.class, failure.data.error.message, options);
  const { status } = response;
  return new ProviderError(classOfStatus(status), `${what}: HTTP ${status}`, options);
}
