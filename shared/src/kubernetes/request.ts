import { HttpMethod, type KubeConfig, RequestContext } from '@kubernetes/client-node';
import { fetch, type Response } from 'undici';
import { z } from 'zod';
import { networkReason } from '../network/index.ts';
import { KubernetesRefusedError, KubernetesUnavailableError } from './errors.ts';

const MESSAGE_CHARS_MAX = 500;
/** A page of 500 pods of 1.5 MB, the most that etcd takes, would be more; one of 20 kB each is 10 MB. */
const BODY_BYTES_MAX = 256 * 2 ** 20;

export interface ApiRequest {
  /** A PATCH is a merge patch. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  /** Statuses that the caller understands, where others are thrown. */
  readonly understood?: readonly number[];
}

export interface JsonAnswer {
  readonly status: number;
  /** Null for a status that is understood without it. */
  readonly value: unknown;
}

/**
 * One call of the API, with the kubeconfig's credentials, as it is. The typed client is passed by on purpose: it
 * converts every field of every object (0.3 ms a pod) and drops those that it does not know; we need a few and parse
 * those ourselves. Rejects with `KubernetesUnavailableError` or `KubernetesRefusedError`.
 */
export async function requestJson(kube: KubeConfig, request: ApiRequest, signal: AbortSignal): Promise<JsonAnswer> {
  const what = `${request.method} ${request.path}`;
  const response = await openAnswer(kube, request, signal);
  const { status } = response;
  if (request.understood?.includes(status)) {
    await response.body?.cancel().catch(() => undefined);
    return { status, value: null };
  }
  const text = await boundedText(what, response);
  try {
    return { status, value: JSON.parse(text) };
  } catch (error) {
    throw new KubernetesUnavailableError(`${what}: the answer is not JSON`, { cause: error });
  }
}

/** Sends one request, and understands its status; the body is yet to be read. */
export async function openAnswer(kube: KubeConfig, request: ApiRequest, signal: AbortSignal): Promise<Response> {
  const what = `${request.method} ${request.path}`;
  const response = await send(kube, request, what, signal);
  const { status } = response;
  if ((status >= 200 && status <= 299) || request.understood?.includes(status)) return response;
  const why = `${what}: HTTP ${status}${await messageOf(what, response)}`;
  if (status !== 429 && status < 500) throw new KubernetesRefusedError(status, why);
  const retryAfterMs = parseRetryAfterMs(response.headers.get('retry-after'));
  throw new KubernetesUnavailableError(why, { status, retryAfterMs });
}

async function send(
  kube: KubeConfig,
  { method, path, body }: ApiRequest,
  what: string,
  signal: AbortSignal,
): Promise<Response> {
  const cluster = kube.getCurrentCluster();
  if (!cluster) throw new KubernetesRefusedError(0, 'the kubeconfig names no current cluster');
  const context = new RequestContext(`${cluster.server}${path}`, HttpMethod[method]);
  try {
    await kube.applySecurityAuthentication(context);
  } catch (error) {
    throw new KubernetesUnavailableError(`${what}: credentials: ${networkReason(error)}`, { cause: error });
  }
  const dispatcher = context.getDispatcher();
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  try {
    return await fetch(context.getUrl(), {
      method,
      headers: { ...context.getHeaders(), ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
      ...(dispatcher ? { dispatcher } : {}),
    });
  } catch (error) {
    throw unavailable(what, error);
  }
}

const statusObject = z.object({ message: z.string().min(1) });

/** What the API says about a refusal, such as the verb that a Role lacks; nothing where it says nothing. */
async function messageOf(what: string, response: Response): Promise<string> {
  try {
    const { message } = statusObject.parse(JSON.parse(await boundedText(what, response)));
    return `, ${message.slice(0, MESSAGE_CHARS_MAX)}`;
  } catch {
    return '';
  }
}

/** Seconds, as an API server says it; what else the header may hold counts as nothing. */
function parseRetryAfterMs(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
}

async function boundedText(what: string, response: Response): Promise<string> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > BODY_BYTES_MAX)
        throw new KubernetesRefusedError(0, `${what}: an answer of more than ${BODY_BYTES_MAX} bytes`);
      parts.push(decoder.decode(chunk, { stream: true }));
    }
  } catch (error) {
    throw unavailable(what, error);
  }
  parts.push(decoder.decode());
  return parts.join('');
}

/** What breaks a connection, as something that may be tried again. */
export function unavailable(what: string, error: unknown): Error {
  if (error instanceof KubernetesUnavailableError || error instanceof KubernetesRefusedError) return error;
  return new KubernetesUnavailableError(`${what}: ${networkReason(error)}`, { cause: error });
}
