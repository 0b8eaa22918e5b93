import type { KubeConfig } from '@forescale/shared/kubernetes';
import type { Clock } from '@forescale/shared/time';
import { ProviderError } from '../errors.ts';
import { ObjectApi } from '../kubernetes/api.ts';
import {
  type CapiGroup,
  type CapiMachine,
  DELETE_MACHINE,
  GROUP,
  groupSchema,
  machineSchema,
  OWNER_LABELS,
  RESOURCES,
} from './objects.ts';
import type { ClusterApiConfig } from './provider.ts';

export type GroupConfig = ClusterApiConfig['groups'][number];

/** Which versions a cluster serves changes with its upgrades. */
const VERSION_KEPT_MS = 600_000;

/** The calls that groups and their Machines take. */
export class GroupApi {
  readonly #api: ObjectApi;
  readonly #namespace: string;
  readonly #clock: Clock;
  #version: { readonly served: string; readonly atMs: number } | null = null;

  constructor(kube: KubeConfig, namespace: string, clock: Clock) {
    this.#api = new ObjectApi(kube);
    this.#namespace = namespace;
    this.#clock = clock;
  }

  async group(group: GroupConfig, signal: AbortSignal): Promise<CapiGroup> {
    const path = `${await this.#root(signal)}/${RESOURCES[group.kind]}/${group.name}`;
    const found = await this.#api.get(path, groupSchema, signal);
    if (found === null) throw new ProviderError('config', `${path}: there is no such group`);
    if (found.spec.paused) throw new ProviderError('config', `${path} is paused: nothing is made or removed`);
    return found;
  }

  /** All that the group has made, or is about to. */
  async machines(group: GroupConfig, signal: AbortSignal): Promise<CapiMachine[]> {
    const path = `${await this.#root(signal)}/machines`;
    return await this.#api.list(path, `${OWNER_LABELS[group.kind]}=${group.name}`, machineSchema, signal);
  }

  async machine(name: string, signal: AbortSignal): Promise<CapiMachine | null> {
    return await this.#api.get(`${await this.#root(signal)}/machines/${name}`, machineSchema, signal);
  }

  owns({ kind, name }: GroupConfig, { metadata }: CapiMachine): boolean {
    return metadata.labels[OWNER_LABELS[kind]] === name;
  }

  /** Of all machines of its group it goes first. */
  async mark(name: string, signal: AbortSignal): Promise<void> {
    const body = { metadata: { annotations: { [DELETE_MACHINE]: 'forescale' } } };
    await this.#api.patch(`${await this.#root(signal)}/machines/${name}`, body, signal);
  }

  /** False: the group has changed since that version. */
  async resize(
    group: GroupConfig,
    replicas: number,
    resourceVersion: string,
    signal: AbortSignal,
    dryRun = false,
  ): Promise<boolean> {
    const path = `${await this.#root(signal)}/${RESOURCES[group.kind]}/${group.name}/scale`;
    try {
      await this.#api.patch(path, { metadata: { resourceVersion }, spec: { replicas } }, signal, dryRun);
      return true;
    } catch (error) {
      if (error instanceof ProviderError && error.errorClass === 'conflict') return false;
      throw error;
    }
  }

  async #root(signal: AbortSignal): Promise<string> {
    const nowMs = this.#clock.nowMs();
    if (this.#version === null || nowMs - this.#version.atMs >= VERSION_KEPT_MS) {
      const served = await this.#api.servedVersion(GROUP, 'machines', signal);
      if (served === null) throw new ProviderError('config', `the cluster serves no machines.${GROUP}`);
      this.#version = { served, atMs: nowMs };
    }
    return `/apis/${GROUP}/${this.#version.served}/namespaces/${this.#namespace}`;
  }
}
