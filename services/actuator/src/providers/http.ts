import { networkReason } from '@forescale/shared/network';
import { ProviderError } from './errors.ts';
import type { HttpFailure } from './refusal.ts';

const BODY_BYTES_MAX = 16 * 2 ** 20;
const JSON_BODY = { 'content-type': 'application/json' };

export interface JsonRequest {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** An answer may quote them. */
  readonly secrets: readonly string[];
  readonly signal: AbortSignal;
}

/** Whatever was answered; rejects with `transient` where nothing was, or too much: it may have been carried out. */
export async function sendJson(url: URL, request: JsonRequest): Promise<HttpFailure> {
  const { method, body, headers, signal } = request;
  try {
    const response = await fetch(url, {
      method,
      signal,
      redirect: 'error',
      headers: { accept: 'application/json', ...(body !== undefined && JSON_BODY), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = request.secrets
      .filter((secret) => secret !== '')
      // As it is, and as JSON writes it within a text.
      .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
      .reduce((rest, secret) => rest.replaceAll(secret, '***'), await boundedText(response));
    return { status: response.status, headers: Object.fromEntries(response.headers), body: parseJson(text) };
  } catch (error) {
    // Not the error itself: it may hold the request, secrets and all.
    throw new ProviderError('transient', `${method} ${url.pathname}: ${networkReason(error)}`);
  }
}

export async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > BODY_BYTES_MAX) throw new Error(`answer of more than ${BODY_BYTES_MAX} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
