import { HttpMethod, type KubeConfig, RequestContext } from '@kubernetes/client-node';
import { fetch } from 'undici';
import { z } from 'zod';
import { KubernetesRefusedError, KubernetesUnavailableError } from './errors.ts';

const MESSAGE_CHARS_MAX = 500;

export interface JsonRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly timeoutMs: number;
  /** Statuses that the caller understands: they are answered with the value null, where others are thrown. */
  readonly understood?: readonly number[];
}

export interface JsonAnswer {
  readonly status: number;
  readonly value: unknown;
}

/**
 * One call of the API, with the kubeconfig's credentials, as it is: for what the typed client is too slow at, or would
 * drop fields of. Rejects with `KubernetesUnavailableError` or `KubernetesRefusedError`.
 */
export async function requestJson(kube: KubeConfig, request: JsonRequest): Promise<JsonAnswer> {
  const what = `${request.method} ${request.path}`;
  const { status, text } = await send(kube, request, what);
  if (request.understood?.includes(status)) return { status, value: null };
  if (status < 200 || status > 299) {
    const why = `${what}: HTTP ${status}${messageOf(text)}`;
    if (status === 429 || status >= 500) throw new KubernetesUnavailableError(why);
    throw new KubernetesRefusedError(status, why);
  }
  try {
    return { status, value: JSON.parse(text) };
  } catch (error) {
    throw new KubernetesRefusedError(status, `${what}: the answer is not JSON`, { cause: error });
  }
}

const statusObject = z.object({ message: z.string().min(1) });

/** What the API says about a refusal, such as the verb that a Role lacks; nothing where it says nothing. */
function messageOf(text: string): string {
  try {
    return `, ${statusObject.parse(JSON.parse(text)).message.slice(0, MESSAGE_CHARS_MAX)}`;
  } catch {
    return '';
  }
}

async function send(
  kube: KubeConfig,
  { method, path, body, timeoutMs }: JsonRequest,
  what: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const cluster = kube.getCurrentCluster();
  if (!cluster) throw new KubernetesRefusedError(0, 'the kubeconfig names no current cluster');
  const context = new RequestContext(`${cluster.server}${path}`, HttpMethod[method]);
  try {
    await kube.applySecurityAuthentication(context);
  } catch (error) {
    throw new KubernetesUnavailableError(`${what}: credentials: ${reasonOf(error)}`, { cause: error });
  }
  const dispatcher = context.getDispatcher();
  try {
    const response = await fetch(context.getUrl(), {
      method,
      headers: { ...context.getHeaders(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
      ...(dispatcher ? { dispatcher } : {}),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    throw new KubernetesUnavailableError(`${what}: ${reasonOf(error)}`, { cause: error });
  }
}

/** "ECONNREFUSED" rather than "fetch failed": the cause says more than the wrapper. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error) return (cause as NodeJS.ErrnoException).code ?? cause.message;
  return String(cause);
}
