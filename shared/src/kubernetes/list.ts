import { HttpMethod, type KubeConfig, RequestContext } from '@kubernetes/client-node';
import { fetch } from 'undici';
import { z } from 'zod';
import { KubernetesRefusedError, KubernetesUnavailableError } from './errors.ts';
import { understand } from './understand.ts';

const PAGE_SIZE = 500;
const PAGES_MAX = 1_000;
const TIMEOUT_MS = 30_000;

const page = z.object({
  metadata: z.object({ continue: z.string().optional() }).optional(),
  // Servers written in Go may say null for a list of nothing.
  items: z
    .array(z.unknown())
    .nullish()
    .transform((items) => items ?? []),
});

/**
 * All objects of a list, page by page. The typed client is passed by on purpose: it converts every field of every
 * object (0.3 ms a pod); planning needs a few and parses those itself.
 */
export async function listAll(kube: KubeConfig, path: string): Promise<unknown[]> {
  const items: unknown[] = [];
  let token = '';
  for (let count = 0; count < PAGES_MAX; count++) {
    const answer = understand(
      path,
      page,
      await getJson(kube, `${path}?limit=${PAGE_SIZE}${token && `&continue=${encodeURIComponent(token)}`}`),
    );
    items.push(...answer.items);
    token = answer.metadata?.continue ?? '';
    if (token === '') return items;
  }
  throw new KubernetesRefusedError(0, `GET ${path}: more than ${PAGES_MAX} pages of ${PAGE_SIZE}`);
}

/** Rejects with `KubernetesUnavailableError` or `KubernetesRefusedError`. */
export async function getJson(kube: KubeConfig, path: string): Promise<unknown> {
  const cluster = kube.getCurrentCluster();
  if (!cluster) throw new KubernetesRefusedError(0, 'the kubeconfig names no current cluster');
  const context = new RequestContext(`${cluster.server}${path}`, HttpMethod.GET);
  try {
    await kube.applySecurityAuthentication(context);
  } catch (error) {
    throw new KubernetesUnavailableError(`GET ${path}: credentials: ${reasonOf(error)}`, { cause: error });
  }
  const dispatcher = context.getDispatcher();
  let status: number;
  let body: string;
  try {
    const response = await fetch(context.getUrl(), {
      headers: context.getHeaders(),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(dispatcher ? { dispatcher } : {}),
    });
    status = response.status;
    body = await response.text();
  } catch (error) {
    throw new KubernetesUnavailableError(`GET ${path}: ${reasonOf(error)}`, { cause: error });
  }
  if (status === 429 || status >= 500) throw new KubernetesUnavailableError(`GET ${path}: HTTP ${status}`);
  if (status !== 200) throw new KubernetesRefusedError(status, `GET ${path}: HTTP ${status}`);
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new KubernetesRefusedError(status, `GET ${path}: the answer is not JSON`, { cause: error });
  }
}

/** "ECONNREFUSED" rather than "fetch failed": the cause says more than the wrapper. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error) return (cause as NodeJS.ErrnoException).code ?? cause.message;
  return String(cause);
}
