import { type ApiRequest, type KubeConfig, requestJson } from '@forescale/shared/kubernetes';
import { z } from 'zod';
import { ProviderError } from '../errors.ts';
import { kubernetesError } from './errors.ts';

const PAGE_SIZE = 500;
const PAGES_MAX = 200;

const groupSchema = z.object({
  versions: z.array(z.object({ version: z.string().regex(/^[a-z0-9]{1,63}$/) })).max(100),
  preferredVersion: z.object({ version: z.string() }).optional(),
});
const resourcesSchema = z.object({ resources: z.array(z.object({ name: z.string() })).max(10_000) });
const pageSchema = z.object({
  metadata: z.object({ continue: z.string().optional() }).prefault({}),
  items: z
    .array(z.unknown())
    .nullish()
    .transform((items) => items ?? []),
});

export const metadataSchema = z.object({
  name: z.string().max(253),
  uid: z.string().max(253).default(''),
  resourceVersion: z.string().max(253).default(''),
  generation: z.number().default(0),
  creationTimestamp: z.string().default(''),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});

/**
 * The Kubernetes API for providers that live in it. Every write asks the server to refuse fields that it does not know,
 * which it would drop in silence. Rejects with `ProviderError`.
 */
export class ObjectApi {
  readonly #kube: KubeConfig;

  constructor(kube: KubeConfig) {
    this.#kube = kube;
  }

  /** Null: there is no such object. */
  async get<T>(path: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<T | null> {
    const { status, value } = await this.#call({ method: 'GET', path, understood: [404] }, signal);
    return status === 404 ? null : parse(path, schema, value);
  }

  async list<T>(path: string, selector: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<T[]> {
    const found: T[] = [];
    let token = '';
    for (let page = 0; page < PAGES_MAX; page++) {
      const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
      if (selector !== '') query.set('labelSelector', selector);
      if (token !== '') query.set('continue', token);
      const { value } = await this.#call({ method: 'GET', path: `${path}?${query}` }, signal);
      const answer = parse(path, pageSchema, value);
      found.push(...answer.items.map((item) => parse(path, schema, item)));
      token = answer.metadata.continue ?? '';
      if (token === '') return found;
    }
    throw new ProviderError('config', `GET ${path}: more than ${PAGES_MAX} pages`);
  }

  /** `path` is that of the collection. `conflict` where it exists already. */
  async create(path: string, body: object, signal: AbortSignal, dryRun = false): Promise<void> {
    await this.#call({ method: 'POST', path: `${path}${strict(dryRun)}`, body }, signal);
  }

  /** A merge patch; with a `metadata.resourceVersion` in it `conflict` where the object has changed since. */
  async patch(path: string, body: object, signal: AbortSignal, dryRun = false): Promise<void> {
    await this.#call({ method: 'PATCH', path: `${path}${strict(dryRun)}`, body }, signal);
  }

  async delete(path: string, signal: AbortSignal): Promise<void> {
    await this.#call({ method: 'DELETE', path, understood: [404] }, signal);
  }

  /** The version in which a group serves the resource, the preferred one first; null: in none. */
  async servedVersion(group: string, resource: string, signal: AbortSignal): Promise<string | null> {
    const found = await this.get(`/apis/${group}`, groupSchema, signal);
    if (found === null) return null;
    const preferred = found.preferredVersion?.version;
    const versions = found.versions.map(({ version }) => version);
    // The preferred version of a group may lack some of its kinds.
    for (const version of versions.toSorted((a, b) => Number(b === preferred) - Number(a === preferred))) {
      const served = await this.get(`/apis/${group}/${version}`, resourcesSchema, signal);
      if (served?.resources.some(({ name }) => name === resource)) return version;
    }
    return null;
  }

  async #call(request: ApiRequest, signal: AbortSignal) {
    try {
      return await requestJson(this.#kube, request, signal);
    } catch (error) {
      throw kubernetesError(error);
    }
  }
}

function strict(dryRun: boolean): string {
  return `?fieldManager=forescale&fieldValidation=Strict${dryRun ? '&dryRun=All' : ''}`;
}

function parse<T>(path: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new ProviderError('config', `GET ${path}: ${where} is not understood: ${issue?.message ?? ''}`);
}
