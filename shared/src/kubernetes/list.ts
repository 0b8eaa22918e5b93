import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { KubernetesRefusedError } from './errors.ts';
import { requestJson } from './request.ts';
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
  return (await requestJson(kube, { method: 'GET', path, timeoutMs: TIMEOUT_MS })).value;
}
