import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OfferingConfig } from '@forescale/shared/config';
import type { ManualClock } from '@forescale/shared/time';
import type { Endpoint, EndpointFault } from '../target.ts';
import { agentPoolRoutes } from './agent-pool-routes.ts';
import { AzureCloud, type CloudOptions } from './cloud.ts';
import { type Call, Faults, refusalOf } from './faults.ts';
import { machineRoutes } from './machine-routes.ts';
import { Refusal, type Reply, refused } from './replies.ts';
import { Resource } from './resources.ts';
import { retailPrices } from './retail.ts';
import type { Route } from './route.ts';
import { scaleSetRoutes } from './scale-set-routes.ts';

/** What the caller must send. */
export const TOKEN = 'eyJ0eXAi.test-token-of-azure.c2ln';

/** Azure Resource Manager and the retail prices on loopback: it validates, remembers, takes time and has limits. */
export class AzureEndpoint implements Endpoint {
  readonly cloud: AzureCloud;
  readonly operations = new Set<string>();
  /** Every call: method, path and status. */
  readonly seen: string[] = [];
  /** With what no answer ever shows. */
  readonly bodies: unknown[] = [];
  pageSize = 50;
  /** Instead of its own, as somebody in between might write it. */
  nextLink: string | null = null;
  /** Refuses whatever makes a machine, and repeats all that it was sent. */
  echoes = false;
  readonly #faults = new Faults();
  readonly #routes: readonly Route[];
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  #strangers = 0;

  constructor(clock: ManualClock, options: CloudOptions) {
    this.cloud = new AzureCloud(clock, options);
    this.#routes = [...machineRoutes(this.cloud), ...scaleSetRoutes(this.cloud), ...agentPoolRoutes(this.cloud)];
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this.#origin;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  fail(call: Call, fault: EndpointFault, times: number): void {
    this.#faults.fail(call, fault, times);
  }

  failAtRandom(share: number, seed: number): void {
    this.#faults.failAtRandom(share, seed);
  }

  sellOut(offering: OfferingConfig): void {
    this.cloud.sellOut(offering);
  }

  running(): readonly string[] {
    this.step();
    const { machines, scaleSets, agentPools } = this.cloud;
    const members = scaleSets.flatMap((fleet) =>
      fleet.members.map((one) => `${fleet.options.name}/${fleet.idOf(one)}`),
    );
    const nodes = agentPools.flatMap((fleet) =>
      fleet.members.map((one) => `${fleet.options.name}/${one.body.properties?.osProfile?.computerName}`),
    );
    return [...machines.keys(), ...members, ...nodes];
  }

  addStranger(): string {
    const name = `stranger-${++this.#strangers}`;
    const body = { location: 'westeurope', tags: { owner: 'somebody' }, properties: {} };
    this.cloud.machines.set(name, new Resource(name, body, this.cloud.nowMs, null, null));
    return name;
  }

  set showAfterMs(ms: number) {
    this.cloud.showAfterMs = ms;
  }

  get showAfterMs(): number {
    return this.cloud.showAfterMs;
  }

  /** An eviction, of which nobody but the machine is told. */
  interrupt(machineId: string, kind: 'reclaim' | 'rebalance'): void {
    if (kind === 'reclaim') this.cloud.machine(machineId)?.delete(this.cloud.nowMs);
  }

  step(): void {
    this.cloud.step();
  }

  get #origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const url = new URL(request.url ?? '/', this.#origin);
    const reply =
      url.pathname === '/api/retail/prices' ? retailPrices(url, this.cloud.nowMs) : this.#answer(request, url, text);
    this.seen.push(`${request.method} ${url.pathname} ${reply?.status ?? 'none'}`);
    if (reply === null) return void response.destroy();
    const link = reply.headers?.['azure-asyncoperation'];
    const headers = link
      ? { ...reply.headers, 'azure-asyncoperation': `${this.#origin}${link}?api-version=2024-11-01` }
      : reply.headers;
    response.writeHead(reply.status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(reply.body === undefined ? '' : JSON.stringify(reply.body));
  }

  /** Null: the connection ends without an answer. */
  #answer(request: IncomingMessage, url: URL, text: string): Reply | null {
    try {
      this.step();
      const { route, names } = this.#routed(request, url);
      this.operations.add(route.action);
      if (this.echoes && text !== '')
        return refused(
          400,
          'InvalidParameter',
          `${request.headers.authorization} ${text.slice(text.indexOf('customData'))}`,
        );
      const fault = this.#faults.next(route.call);
      if (fault !== null && fault !== 'lost') return refusalOf(fault, route.action, text.includes('"Spot"'));
      const body = this.#body(request, text);
      const needs = (actions: readonly string[]) => {
        for (const action of actions) this.operations.add(action);
      };
      const headers = request.headers as Record<string, string | undefined>;
      const answer = route.run({ names, query: url.searchParams, headers, body, needs });
      if (fault === 'lost') return null;
      return 'status' in answer ? answer : this.#page(url, answer);
    } catch (error) {
      if (error instanceof Refusal) return error.reply;
      return refused(
        500,
        'InternalServerError',
        error instanceof Error ? (error.stack ?? error.message) : String(error),
      );
    }
  }

  #routed(request: IncomingMessage, url: URL) {
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      throw new Refusal(401, 'InvalidAuthenticationToken', 'The access token is invalid.');
    const [, subscription = '', rest = ''] = /^\/subscriptions\/([^/]+)\/(.+)$/i.exec(url.pathname) ?? [];
    const { subscriptionId, resourceGroup, cluster } = this.cloud.options;
    if (subscription !== subscriptionId)
      throw new Refusal(404, 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`);
    for (const route of this.#routes) {
      const pattern = new RegExp(`^${route.path.replaceAll('.', '\\.').replaceAll('*', '([^/]+)')}$`, 'i');
      const found = route.method === request.method ? pattern.exec(rest) : null;
      if (!found) continue;
      const names = found.slice(1).map(decodeURIComponent);
      checkQuery(route, url.searchParams);
      const groups = [resourceGroup, `MC_${resourceGroup}_${cluster}_westeurope`].map((one) => one.toLowerCase());
      if (route.path.startsWith('resourceGroups') && !groups.includes((names[0] ?? '').toLowerCase()))
        throw new Refusal(404, 'ResourceGroupNotFound', `Resource group '${names[0]}' could not be found.`);
      return { route, names };
    }
    throw new Refusal(404, 'InvalidResourceType', `${request.method} ${url.pathname}`);
  }

  #body(request: IncomingMessage, text: string): unknown {
    if (text === '') return undefined;
    if (!request.headers['content-type']?.startsWith('application/json'))
      throw new Refusal(415, 'UnsupportedMediaType', String(request.headers['content-type']));
    try {
      const body: unknown = JSON.parse(text);
      this.bodies.push(body);
      return body;
    } catch {
      throw new Refusal(400, 'InvalidRequestContent', 'The request content was invalid and could not be deserialized.');
    }
  }

  #page(url: URL, items: readonly unknown[]): Reply {
    const first = Number(url.searchParams.get('$skiptoken') ?? 0);
    const value = items.slice(first, first + this.pageSize);
    if (first + this.pageSize >= items.length) return { status: 200, body: { value } };
    const next = new URL(url);
    next.searchParams.set('$skiptoken', String(first + this.pageSize));
    return { status: 200, body: { value, nextLink: this.nextLink ?? next.href } };
  }
}

function checkQuery(route: Route, query: URLSearchParams): void {
  const version = query.get('api-version');
  if (version === null)
    throw new Refusal(
      400,
      'MissingApiVersionParameter',
      'The api-version query parameter (?api-version=) is required for all requests.',
    );
  if (version !== route.apiVersion)
    throw new Refusal(
      400,
      'NoRegisteredProviderFound',
      `No registered resource provider found for API version '${version}'.`,
    );
  for (const name of query.keys())
    if (!['api-version', '$skiptoken', ...(route.query ?? [])].includes(name))
      throw new Refusal(400, 'InvalidQueryParameter', name);
}
