import type { DockerConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';
import { z } from 'zod';
import { ProviderError } from '../errors.ts';
import { readToken } from '../join/index.ts';
import type { CreateResult, Interruption, Machine, MachineProvider, MachineRequest, Place } from '../port.ts';
import {
  CLUSTER_LABEL,
  type Container,
  containerOf,
  infoSchema,
  inspectSchema,
  isAlive,
  listSchema,
  machineOf,
  REQUEST_LABEL,
  TOKEN_DIRECTORY,
  TOKEN_NAME,
} from './container.ts';
import { type Engine, engineCall } from './engine.ts';
import { ImagePulls } from './image-pulls.ts';
import { singleFileTar } from './single-file-tar.ts';

const NOT_FOUND = 404;

/** What is asked is only whether it was done. */
const anything = z.unknown();

/** Agents of K3s in containers of one Docker engine, each under its node's name, which is the request's. */
export class DockerProvider implements MachineProvider {
  readonly kind = 'docker';
  readonly #config: DockerConfig;
  readonly #engine: Engine;
  readonly #pulls: ImagePulls;

  constructor(config: DockerConfig, engine: Engine, clock: Clock) {
    this.#config = config;
    this.#engine = engine;
    this.#pulls = new ImagePulls(engine, clock);
  }

  /** Made, given its token, started: each may be repeated, and a container that a call has left half done is finished. */
  async create(request: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
    const token = await readToken(this.#config.tokenFile);
    const abort = { abortSignal: signal };
    await this.#make(request, signal);
    const container = this.#engine.getContainer(request.nodeName);
    const found = await engineCall('read', inspectSchema, () => container.inspect({ ...abort }));
    if (found?.labels[REQUEST_LABEL] !== request.requestId || found.labels[CLUSTER_LABEL] !== request.clusterTag)
      throw new ProviderError('config', `a container ${request.nodeName} exists that was not made for this request`);
    if (!isAlive(found)) await this.#start(found, token, signal);
    return { machines: [{ ...machineOf(found), state: 'running' }], failures: [] };
  }

  /**
   * A container that does not run serves nobody, and is shown as one that ends: the request is then sent again, which
   * starts it.
   */
  async find(requestId: string, _place: Place, signal: AbortSignal): Promise<readonly Machine[]> {
    const found = await this.#list(`${REQUEST_LABEL}=${requestId}`, signal);
    return found.map((one) => (isAlive(one) ? machineOf(one) : { ...machineOf(one), state: 'terminating' }));
  }

  async list(clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]> {
    return (await this.#list(`${CLUSTER_LABEL}=${clusterTag}`, signal)).map(machineOf);
  }

  async terminate(machineId: string, _place: Place, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    const container = this.#engine.getContainer(encodeURIComponent(machineId));
    const abort = { abortSignal: signal };
    // With its volumes: images of K3s declare some.
    await engineCall('remove', anything, () => container.remove({ force: true, v: true, ...abort }));
    const left = await engineCall('read', inspectSchema, () => container.inspect({ ...abort }), NOT_FOUND);
    return left === null ? 'gone' : 'terminating';
  }

  async interruptions(): Promise<readonly Interruption[]> {
    return [];
  }

  /** The container is there afterwards, whoever made it. */
  async #make(request: MachineRequest, signal: AbortSignal): Promise<void> {
    const { image, pull } = this.#config;
    const abort = { abortSignal: signal };
    const info = request.offering.allocatable
      ? await engineCall('read', infoSchema, () => this.#engine.info({ ...abort }))
      : null;
    const body = containerOf(this.#config, request, info);
    const named = { name: request.nodeName };
    const send = () => this.#engine.createContainer({ _query: named, _body: body, ...abort });
    try {
      const made = await engineCall('create', anything, send, pull === 'missing' ? NOT_FOUND : null);
      if (made !== null) return;
      await this.#pulls.ensure(image);
      await engineCall('create', anything, send);
    } catch (error) {
      if (!(error instanceof ProviderError && error.errorClass === 'conflict')) throw error;
    }
  }

  /** One that can never be started is of no use to anybody. */
  async #start({ id }: Container, token: string, signal: AbortSignal): Promise<void> {
    const container = this.#engine.getContainer(id);
    const abort = { abortSignal: signal };
    const archive = singleFileTar(TOKEN_DIRECTORY, TOKEN_NAME, `${token}\n`);
    try {
      await engineCall('start', anything, () => container.putArchive(archive, { path: '/', ...abort }));
      await engineCall('start', anything, () => container.start({ ...abort }));
    } catch (error) {
      if (error instanceof ProviderError && !error.ambiguous)
        await engineCall('remove', anything, () => container.remove({ force: true, v: true, ...abort }));
      throw error;
    }
  }

  async #list(label: string, signal: AbortSignal): Promise<readonly Container[]> {
    const filters = JSON.stringify({ label: [label] });
    const options = { all: true, filters, abortSignal: signal };
    return (await engineCall('read', listSchema, () => this.#engine.listContainers(options))) ?? [];
  }
}
