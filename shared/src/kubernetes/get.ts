import { HttpMethod, type KubeConfig, RequestContext } from '@kubernetes/client-node';
import { fetch, type Response } from 'undici';
import { type Clock, systemClock, within } from '../time/index.ts';
import { KubernetesRefusedError, KubernetesUnavailableError } from './errors.ts';

/** Of a whole answer, with all tries. */
const TIMEOUT_MS = 30_000;
/** A list of 150,000 pods is 300 pages: one connection that is reset must not cost all of them. */
const RETRY_WAITS_MS = [100, 300];
/** Whoever is told to wait for longer leaves it to the next tick. */
const RETRY_AFTER_MS_MAX = 10_000;
/** A page of 500 pods of 1.5 MB, the most that etcd takes, would be more; one of 20 kB each is 10 MB. */
const BODY_BYTES_MAX = 256 * 2 ** 20;

/**
 * The parsed JSON of an answer. The typed client is passed by on purpose: it converts every field of every object
 * (0.3 ms a pod); planning needs a few and parses those itself. Rejects with `KubernetesUnavailableError`, also when
 * the whole answer is not there in time, or `KubernetesRefusedError`.
 */
export async function getJson(kube: KubeConfig, path: string, clock: Clock = systemClock): Promise<unknown> {
  return await within(
    clock,
    TIMEOUT_MS,
    (signal) => withRetries(clock, signal, () => getOnce(kube, path, signal)),
    () => late(path),
  );
}

/** Tries again what may succeed later, after as long as the server asks for. */
async function withRetries<T>(clock: Clock, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (const waitMs of RETRY_WAITS_MS) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof KubernetesUnavailableError)) throw error;
      const askedMs = error.retryAfterMs ?? 0;
      if (askedMs > RETRY_AFTER_MS_MAX) throw error;
      await clock.sleep(Math.max(waitMs, askedMs), signal);
    }
  }
  return await work();
}

async function getOnce(kube: KubeConfig, path: string, signal: AbortSignal): Promise<unknown> {
  const response = await sendGet(kube, path, signal);
  let text: string;
  try {
    text = await boundedText(path, response);
  } catch (error) {
    throw unavailable(path, error);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new KubernetesUnavailableError(`GET ${path}: the answer is not JSON`, { cause: error });
  }
}

/** Opens an answer that goes on for as long as `signal` allows; only its beginning has to come in time. */
export async function openStream(
  kube: KubeConfig,
  path: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<NonNullable<Response['body']>> {
  const response = await within(
    clock,
    TIMEOUT_MS,
    () => sendGet(kube, path, signal),
    () => late(path),
  );
  if (response.body === null) throw new KubernetesUnavailableError(`GET ${path}: the answer is empty`);
  return response.body;
}

/** Sends one GET, and understands its status: what comes back is of 200. */
async function sendGet(kube: KubeConfig, path: string, signal: AbortSignal): Promise<Response> {
  const cluster = kube.getCurrentCluster();
  if (!cluster) throw new KubernetesRefusedError(0, 'the kubeconfig names no current cluster');
  const context = new RequestContext(`${cluster.server}${path}`, HttpMethod.GET);
  try {
    await kube.applySecurityAuthentication(context);
  } catch (error) {
    throw new KubernetesUnavailableError(`GET ${path}: credentials: ${reasonOf(error)}`, { cause: error });
  }
  const dispatcher = context.getDispatcher();
  let response: Response;
  try {
    const headers = context.getHeaders();
    response = await fetch(context.getUrl(), { headers, signal, ...(dispatcher ? { dispatcher } : {}) });
  } catch (error) {
    throw unavailable(path, error);
  }
  const { status } = response;
  if (status === 200) return response;
  await response.body?.cancel().catch(() => undefined);
  if (status === 429 || status >= 500) {
    const retryAfterMs = parseRetryAfterMs(response.headers.get('retry-after'));
    throw new KubernetesUnavailableError(`GET ${path}: HTTP ${status}`, { retryAfterMs });
  }
  throw new KubernetesRefusedError(status, `GET ${path}: HTTP ${status}`);
}

/** Seconds, as an API server says it; what else the header may hold counts as nothing. */
function parseRetryAfterMs(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
}

async function boundedText(path: string, response: Response): Promise<string> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > BODY_BYTES_MAX)
      throw new KubernetesRefusedError(0, `GET ${path}: an answer of more than ${BODY_BYTES_MAX} bytes`);
    parts.push(decoder.decode(chunk, { stream: true }));
  }
  parts.push(decoder.decode());
  return parts.join('');
}

function late(path: string): KubernetesUnavailableError {
  return new KubernetesUnavailableError(`GET ${path}: no answer within ${TIMEOUT_MS} ms`);
}

/** What breaks a connection, as something that may be tried again. */
export function unavailable(path: string, error: unknown): Error {
  if (error instanceof KubernetesUnavailableError || error instanceof KubernetesRefusedError) return error;
  return new KubernetesUnavailableError(`GET ${path}: ${reasonOf(error)}`, { cause: error });
}

/** "ECONNREFUSED" rather than "fetch failed": the cause says more than the wrapper. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error) return (cause as NodeJS.ErrnoException).code ?? cause.message;
  return String(cause);
}
