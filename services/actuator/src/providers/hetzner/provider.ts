import type { HetznerConfig, OfferingConfig } from '@forescale/shared/config';
import { ProviderError } from '../errors.ts';
import { readToken, userData } from '../join/index.ts';
import type { CreateResult, Interruption, Machine, MachineProvider, MachineRequest, Place } from '../port.ts';
import type { HttpFailure } from '../refusal.ts';
import { HetznerApi, parsed, saysNotFound } from './api.ts';
import { hetznerError } from './errors.ts';
import { pricingSchema, usdPerHour } from './prices.ts';
import {
  CLUSTER_LABEL,
  createdSchema,
  deletedSchema,
  machineOf,
  pageSchema,
  REQUEST_LABEL,
  SERVERS_PER_PAGE,
  serverAnswer,
  serverLabels,
} from './server.ts';

/** 10,000 servers; more is a mistake. */
const PAGES_MAX = 200;
const USER_DATA_BYTES_MAX = 32_768;
const LOCKED = 423;

/** The metadata service of a server knows its id. */
const METADATA_URL = 'http://169.254.169.254/hetzner/v1/metadata/instance-id';
const PROVIDER_ID_COMMAND = `{ curl -sf --max-time 5 ${METADATA_URL} || wget -qO- -T 5 ${METADATA_URL}; } | sed 's|^|hcloud://|'`;

/** Servers of a Hetzner Cloud project. The API knows no tokens: a server's name, which is unique, is the request's. */
export class HetznerProvider implements MachineProvider {
  readonly kind = 'hetzner';
  readonly #config: HetznerConfig;
  readonly #api: HetznerApi;

  constructor(config: HetznerConfig) {
    this.#config = config;
    this.#api = new HetznerApi(config.url, config.tokenFile);
  }

  async create(request: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
    const joinToken = await readToken(this.#config.join.tokenFile);
    const body = this.#serverRequest(request, joinToken);
    try {
      const call = { method: 'POST', path: 'servers', body, secrets: [joinToken] } as const;
      const { server, action } = await this.#api.call(createdSchema, call, signal);
      if (action.status !== 'error') return { machines: [machineOf(server)], failures: [] };
      // What is left of it costs; where it cannot be deleted, listings will show it.
      await this.#api.send({ method: 'DELETE', path: `servers/${server.id}` }, signal).catch(() => null);
      throw hetznerError({ status: 200, headers: {}, body: { action } });
    } catch (error) {
      if (!(error instanceof ProviderError && error.errorClass === 'conflict')) throw error;
      // The name is taken: by this very request, unless it is not shown yet.
      const { requestId, clusterTag } = request;
      const named = await this.#list({ [REQUEST_LABEL]: requestId, [CLUSTER_LABEL]: clusterTag }, signal);
      // One that goes serves nobody; its name is free when it has gone.
      const made = named.filter(({ state }) => state !== 'terminating');
      if (made.length === 0) throw error;
      return { machines: made, failures: [] };
    }
  }

  async find(requestId: string, _place: Place, signal: AbortSignal): Promise<readonly Machine[]> {
    return await this.#list({ [REQUEST_LABEL]: requestId }, signal);
  }

  async list(clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]> {
    return await this.#list({ [CLUSTER_LABEL]: clusterTag }, signal);
  }

  async terminate(machineId: string, _place: Place, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    const path = `servers/${encodeURIComponent(machineId)}`;
    const answer = await this.#api.send({ method: 'DELETE', path }, signal);
    if (saysNotFound(answer)) return 'gone';
    if (answer.status === LOCKED) return await this.#lockedForDeletion(path, answer, signal);
    parsed(deletedSchema, answer);
    return 'terminating';
  }

  async interruptions(): Promise<readonly Interruption[]> {
    return [];
  }

  async prices(offerings: readonly OfferingConfig[], signal: AbortSignal): Promise<readonly (number | null)[]> {
    const { pricing } = await this.#api.call(pricingSchema, { method: 'GET', path: 'pricing' }, signal);
    return usdPerHour(pricing, offerings, { usdPerEur: this.#config.usdPerEur, ipv4: this.#config.publicNet.ipv4 });
  }

  /** A server that is locked is deleted already, or something else is being done to it and the call has to come again. */
  async #lockedForDeletion(path: string, locked: HttpFailure, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    const answer = await this.#api.send({ method: 'GET', path }, signal);
    if (saysNotFound(answer)) return 'gone';
    if (parsed(serverAnswer, answer).server.status === 'deleting') return 'terminating';
    throw hetznerError(locked);
  }

  async #list(labels: Readonly<Record<string, string>>, signal: AbortSignal): Promise<readonly Machine[]> {
    const selector = Object.entries(labels).map(([key, value]) => `${key}==${value}`);
    const query = { label_selector: selector.join(','), per_page: String(SERVERS_PER_PAGE), sort: 'id:asc' };
    const machines: Machine[] = [];
    let page = 1;
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      const call = { method: 'GET', path: 'servers', query: { ...query, page: String(page) } } as const;
      const { servers, meta } = await this.#api.call(pageSchema, call, signal);
      machines.push(...servers.map(machineOf));
      if (meta.pagination.next_page === null) return machines;
      page = meta.pagination.next_page;
    }
    throw new ProviderError('config', `more than ${PAGES_MAX} pages of ${SERVERS_PER_PAGE} servers`);
  }

  /** Body of `POST /servers`. A data centre cannot be asked for any more: a zone is a location. */
  #serverRequest(request: MachineRequest, joinToken: string) {
    const { image, join, sshKeys, networks, firewalls, placementGroup, publicNet } = this.#config;
    const { nodeName, offering } = request;
    if (offering.capacityType === 'spot') throw new ProviderError('config', 'Hetzner has no spot machines');
    const document = userData({ join, token: joinToken, request, providerIdCommand: PROVIDER_ID_COMMAND });
    if (Buffer.byteLength(document) > USER_DATA_BYTES_MAX)
      throw new ProviderError('config', `user data: allowed: at most ${USER_DATA_BYTES_MAX} bytes`);
    return {
      name: nodeName,
      server_type: offering.instanceType,
      image,
      location: offering.zone,
      labels: serverLabels(request),
      user_data: document,
      start_after_create: true,
      public_net: { enable_ipv4: publicNet.ipv4, enable_ipv6: publicNet.ipv6 },
      ...(sshKeys.length > 0 && { ssh_keys: sshKeys }),
      ...(networks.length > 0 && { networks }),
      ...(firewalls.length > 0 && { firewalls: firewalls.map((firewall) => ({ firewall })) }),
      ...(placementGroup !== null && { placement_group: placementGroup }),
    };
  }
}
