import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { type Clock, systemClock } from '../time/index.ts';
import { KubernetesRefusedError, KubernetesUnavailableError } from './errors.ts';
import { getJson } from './get.ts';
import { understand } from './understand.ts';

export const PAGE_SIZE = 500;
const PAGES_MAX = 1_000;
/** The server has forgotten the state that is asked for: what is read anew from the start is there. */
export const GONE = 410;

const page = z.object({
  metadata: z.object({ continue: z.string().optional(), resourceVersion: z.string().optional() }).optional(),
  // Servers written in Go may say null for a list of nothing.
  items: z
    .array(z.unknown())
    .nullish()
    .transform((items) => items ?? []),
});

/**
 * Hands over all objects of a list, page by page, so that nobody need hold all of them as they came. All pages show
 * the state of one instant, no older than this call; its resourceVersion is resolved to ('' where there is none).
 */
export async function listPages(
  kube: KubeConfig,
  path: string,
  clock: Clock,
  onPage: (items: readonly unknown[]) => void,
  pageSize = PAGE_SIZE,
): Promise<string> {
  let version = '';
  let token = '';
  for (let count = 0; count < PAGES_MAX; count++) {
    const query = `limit=${pageSize}${token && `&continue=${encodeURIComponent(token)}`}`;
    const answer = understand(path, page, await getPage(kube, `${path}?${query}`, clock, count));
    if (count === 0) version = answer.metadata?.resourceVersion ?? '';
    onPage(answer.items);
    token = answer.metadata?.continue ?? '';
    if (token === '') return version;
  }
  throw new KubernetesRefusedError(0, `GET ${path}: more than ${PAGES_MAX} pages of ${pageSize}`);
}

/** All objects of a list, where they are few. */
export async function listAll(kube: KubeConfig, path: string, clock: Clock = systemClock): Promise<unknown[]> {
  const items: unknown[] = [];
  await listPages(kube, path, clock, (page) => items.push(...page));
  return items;
}

/** A list that took so long that the server has forgotten its state is no refusal: a new one may be quicker. */
async function getPage(kube: KubeConfig, path: string, clock: Clock, count: number): Promise<unknown> {
  try {
    return await getJson(kube, path, clock);
  } catch (error) {
    if (count === 0 || !(error instanceof KubernetesRefusedError) || error.status !== GONE) throw error;
    throw new KubernetesUnavailableError(`${error.message} after ${count} pages`, { cause: error });
  }
}

/** The resourceVersion that the collection at `path` has now. */
export async function newestVersion(kube: KubeConfig, path: string, clock: Clock): Promise<string> {
  const first = await getJson(kube, `${path}?limit=1`, clock);
  return understand(path, page, first).metadata?.resourceVersion ?? '';
}
