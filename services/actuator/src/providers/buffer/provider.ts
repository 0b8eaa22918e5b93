import type { SingleProviderConfig } from '@forescale/shared/config';
import { PLACEHOLDER_LABEL } from '@forescale/shared/domain';
import type { Clock } from '@forescale/shared/time';
import { z } from 'zod';
import { ProviderError } from '../errors.ts';
import { metadataSchema, ObjectApi } from '../kubernetes/api.ts';
import type { Held, HoldRequest, MachineProvider, Placeholders } from '../port.ts';
import type { ProviderParts } from '../registry.ts';
import {
  bufferOf,
  bufferSchema,
  deploymentOf,
  deploymentSchema,
  generationOf,
  MANAGED_BY,
  PRIORITY,
  PRIORITY_CLASS,
  PRIORITY_CLASS_OBJECT,
  podTemplateOf,
  podTemplateSchema,
  priorityClassSchema,
  sizeOf,
} from './objects.ts';

export type BufferConfig = Extract<SingleProviderConfig, { kind: 'buffer' }>;

export const BUFFERS = 'autoscaling.x-k8s.io';
const PRIORITY_CLASSES = '/apis/scheduling.k8s.io/v1/priorityclasses';
/** Which versions a cluster serves changes with its upgrades. */
const VERSION_KEPT_MS = 600_000;

const withMetadata = z.object({ metadata: metadataSchema });
type WithMetadata = z.output<typeof withMetadata>;

function nameOf(pool: string): string {
  return `forescale-${pool}`;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function isOurs({ metadata: { labels } }: WithMetadata, pool: string): boolean {
  return labels[MANAGED_BY] === 'forescale' && labels[PLACEHOLDER_LABEL] === pool;
}

/**
 * Steers the autoscaler that owns the nodes: by a CapacityBuffer where the cluster has them, else by pods that hold the
 * room until others need it. It makes no machines and deletes none. Everything is in one namespace and called
 * `forescale-<pool>`; objects of that name that are not ours are left alone.
 */
export class BufferProvider implements MachineProvider {
  readonly kind = 'buffer';
  readonly placeholders: Placeholders = {
    read: (pool, signal) => this.#read(pool, signal),
    hold: (request, signal) => this.#hold(request, signal),
    release: (pool, signal) => this.#release(pool, signal),
  };
  readonly #config: BufferConfig;
  readonly #clock: Clock;
  readonly #api: ObjectApi;
  #version: { readonly served: string | null; readonly atMs: number } | null = null;

  constructor(config: BufferConfig, { kube, clock }: ProviderParts) {
    if (kube === null) throw new ProviderError('config', 'provider.kind = buffer needs a cluster: kubernetes.enabled');
    this.#config = config;
    this.#clock = clock;
    this.#api = new ObjectApi(kube);
  }

  create(): Promise<never> {
    return Promise.reject(new ProviderError('config', 'a buffer makes no machines: whoever owns the nodes does'));
  }

  terminate(): Promise<never> {
    return Promise.reject(new ProviderError('config', 'a buffer ends no machines: whoever owns the nodes does'));
  }

  async find(): Promise<readonly never[]> {
    return [];
  }

  async list(): Promise<readonly never[]> {
    return [];
  }

  async interruptions(): Promise<readonly never[]> {
    return [];
  }

  async #read(pool: string, signal: AbortSignal): Promise<Held> {
    const version = await this.#servedVersion(signal);
    const [deployment, buffer, podTemplate] = await Promise.all([
      this.#config.api === 'capacity_buffer'
        ? null
        : this.#ours(pool, this.#deployment(pool), deploymentSchema, signal),
      version === null ? null : this.#ours(pool, this.#buffer(pool, version), bufferSchema, signal),
      version === null ? null : this.#ours(pool, this.#podTemplate(pool), podTemplateSchema, signal),
    ]);
    const broken = buffer?.status.conditions.find(({ type, status }) => type === 'Ready' && status === 'False');
    // Room that is held in both ways, as when a cluster gets CapacityBuffers, is not what was asked for.
    const replicas = (deployment?.spec.replicas ?? 0) + (buffer?.spec.replicas ?? 0);
    const template = version === null ? deployment?.spec.template : podTemplate?.template;
    return {
      replicas,
      size: template ? sizeOf(template) : null,
      generation: Math.max(
        0,
        ...[deployment, buffer, podTemplate].map((one) => (one === null ? 0 : generationOf(one))),
      ),
      problem: broken ? `CapacityBuffer ${nameOf(pool)} is not Ready: ${broken.reason} ${broken.message}`.trim() : null,
    };
  }

  async #hold(request: HoldRequest, signal: AbortSignal): Promise<void> {
    const { pool } = request;
    const { image } = this.#config;
    const version = await this.#servedVersion(signal);
    const name = nameOf(pool);
    if (version === null) {
      await this.#ensurePriorityClass(signal);
      const body = { apiVersion: 'apps/v1', kind: 'Deployment', ...deploymentOf(request, name, image) };
      await this.#write(request, this.#deployment(pool), deploymentSchema, body, signal);
      return;
    }
    const podTemplate = { apiVersion: 'v1', kind: 'PodTemplate', ...podTemplateOf(request, name, image) };
    await this.#write(request, this.#podTemplate(pool), podTemplateSchema, podTemplate, signal);
    const body = { apiVersion: `${BUFFERS}/${version}`, kind: 'CapacityBuffer', ...bufferOf(request, name) };
    await this.#write(request, this.#buffer(pool, version), bufferSchema, body, signal);
    if (this.#config.api === 'auto') await this.#remove(pool, this.#deployment(pool), signal);
  }

  async #release(pool: string, signal: AbortSignal): Promise<void> {
    const version = await this.#servedVersion(signal);
    if (version !== null) await this.#remove(pool, this.#buffer(pool, version), signal);
    await this.#remove(pool, this.#podTemplate(pool), signal);
    await this.#remove(pool, this.#deployment(pool), signal);
  }

  /** At the version that was read: what a later plan has written meanwhile is not replaced. */
  async #write(
    { pool, generation }: HoldRequest,
    path: string,
    schema: z.ZodType<WithMetadata>,
    body: { readonly metadata: object },
    signal: AbortSignal,
  ): Promise<void> {
    const present = await this.#ours(pool, path, schema, signal);
    if (present === null) return await this.#api.create(parentOf(path), body, signal);
    const { resourceVersion } = present.metadata;
    const newest = generationOf(present);
    if (newest > generation)
      throw new ProviderError('fenced', `${path}: written by plan ${newest}, which is later than ${generation}`);
    await this.#api.patch(path, { ...body, metadata: { ...body.metadata, resourceVersion } }, signal);
  }

  async #remove(pool: string, path: string, signal: AbortSignal): Promise<void> {
    const present = await this.#api.get(path, withMetadata, signal);
    if (present !== null && isOurs(present, pool)) await this.#api.delete(path, signal);
  }

  /** Null: there is none. Rejects where there is one of somebody else. */
  async #ours<T extends WithMetadata>(
    pool: string,
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<T | null> {
    const found = await this.#api.get(path, schema, signal);
    if (found === null || isOurs(found, pool)) return found;
    throw new ProviderError(
      'config',
      `${path} is not ours: it lacks the labels ${MANAGED_BY} and ${PLACEHOLDER_LABEL}`,
    );
  }

  async #ensurePriorityClass(signal: AbortSignal): Promise<void> {
    const path = `${PRIORITY_CLASSES}/${PRIORITY_CLASS}`;
    const present = await this.#api.get(path, priorityClassSchema, signal);
    if (present === null) {
      const body = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', ...PRIORITY_CLASS_OBJECT };
      await this.#api.create(PRIORITY_CLASSES, body, signal);
    } else if (present.value !== PRIORITY)
      throw new ProviderError(
        'config',
        `PriorityClass ${PRIORITY_CLASS} has the value ${present.value}: ${PRIORITY} is needed`,
      );
  }

  /** Of CapacityBuffers; null: placeholder pods it is. */
  async #servedVersion(signal: AbortSignal): Promise<string | null> {
    const { api } = this.#config;
    if (api === 'placeholders') return null;
    const nowMs = this.#clock.nowMs();
    if (this.#version === null || nowMs - this.#version.atMs >= VERSION_KEPT_MS)
      this.#version = { served: await this.#api.servedVersion(BUFFERS, 'capacitybuffers', signal), atMs: nowMs };
    const { served } = this.#version;
    if (served === null && api === 'capacity_buffer')
      throw new ProviderError(
        'config',
        `the cluster serves no capacitybuffers.${BUFFERS}: api: auto takes pods instead`,
      );
    return served;
  }

  #deployment(pool: string): string {
    return `/apis/apps/v1/namespaces/${this.#config.namespace}/deployments/${nameOf(pool)}`;
  }

  #podTemplate(pool: string): string {
    return `/api/v1/namespaces/${this.#config.namespace}/podtemplates/${nameOf(pool)}`;
  }

  #buffer(pool: string, version: string): string {
    return `/apis/${BUFFERS}/${version}/namespaces/${this.#config.namespace}/capacitybuffers/${nameOf(pool)}`;
  }
}
