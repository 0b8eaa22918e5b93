import type { OfferingConfig } from '@forescale/shared/config';
import type { ManualClock } from '@forescale/shared/time';
import { type EndpointCall, FaultPlan } from '../fault-plan.ts';
import { complaintOf, type Fields } from '../field-rules.ts';
import type { EndpointAnswer, EndpointRequest } from '../http-endpoint.ts';
import type { Endpoint, EndpointFault } from '../target.ts';
import { CREATE_SERVER, IMAGES, IPV4_PRICE, LIST_SERVERS, LOCATIONS, SERVER_TYPES } from './api-facts.ts';
import { type EndpointServer, Servers } from './servers.ts';

export const API_TOKEN = 'jEheVytlAoFl7F8MqUQ7jAo2hOXASztX';

/** 512 calls an hour, of which all are used and back in 3,584 s: the next is let in in 7 s. */
const CALLS_LIMIT = 512;
const CALLS_RESET_S = 3_584;

const refusal = (status: number, code: string, message: string): EndpointAnswer => ({
  status,
  body: { error: { code, message, details: {} } },
});

/** Hetzner's Cloud API, as far as its reference says what it does. */
export class HetznerEndpoint implements Endpoint {
  showAfterMs = 0;
  pageSize = 50;
  readonly operations = new Set<string>();
  /** The next creation is accepted, and fails as its action. */
  failNextAction = false;
  /** Bodies of creations, as they came. */
  readonly created: unknown[] = [];
  readonly #clock: ManualClock;
  readonly #servers: Servers;
  readonly #faults = new FaultPlan();
  readonly #soldOut = new Set<string>();
  #actions = 0;

  constructor(clock: ManualClock) {
    this.#clock = clock;
    this.#servers = new Servers(clock);
  }

  fail(call: EndpointCall, fault: EndpointFault, times: number): void {
    this.#faults.fail(call, fault, times);
  }

  failAtRandom(share: number, seed: number): void {
    this.#faults.failAtRandom(share, seed);
  }

  sellOut({ instanceType, zone }: OfferingConfig): void {
    this.#soldOut.add(`${instanceType} ${zone}`);
  }

  running(): readonly string[] {
    return this.#servers.shown(0).flatMap(({ id, status }) => (status === 'deleting' ? [] : [String(id)]));
  }

  addStranger(): string {
    const of = { name: 'somebody-elses', labels: { env: 'prod' }, serverType: 'cx23', location: 'fsn1' };
    return String(this.#servers.add(of).id);
  }

  interrupt(): void {
    throw new Error('Hetzner takes no server back');
  }

  step(): void {
    this.#servers.step();
  }

  /** Null: the connection ends. */
  answer(request: EndpointRequest): EndpointAnswer | null {
    const { method, url } = request;
    const path = url.pathname.replace(/^\/v1/, '');
    this.operations.add(`${method} ${path.replace(/\/\d+$/, '/{id}')}`);
    const fault = this.#faults.next(method === 'POST' ? 'create' : method === 'DELETE' ? 'terminate' : 'read');
    if (fault === 'reset') return null;
    if (fault !== null && fault !== 'lost') return this.#withHeaders(this.#refused(fault));
    if (request.headers.authorization !== `Bearer ${API_TOKEN}`) return this.#withHeaders(this.#refused('auth'));
    const answer = this.#withHeaders(this.#route(method, path, request));
    return fault === 'lost' ? null : answer;
  }

  #refused(fault: Exclude<EndpointFault, 'reset' | 'lost'>): EndpointAnswer {
    switch (fault) {
      case 'capacity':
        return refusal(412, 'resource_unavailable', 'error during placement');
      case 'quota':
        return refusal(403, 'resource_limit_exceeded', 'server limit reached');
      case 'auth':
        return refusal(401, 'unauthorized', 'unable to authenticate');
      case 'unavailable':
        return refusal(503, 'unavailable', 'the service is unavailable');
      case 'throttled':
        return {
          ...refusal(429, 'rate_limit_exceeded', `limit of ${CALLS_LIMIT} requests per hour reached`),
          headers: { 'ratelimit-remaining': '0' },
        };
    }
  }

  #withHeaders(answer: EndpointAnswer): EndpointAnswer {
    const nowMs = this.#clock.nowMs();
    const headers = {
      date: new Date(nowMs).toUTCString(),
      'ratelimit-limit': String(CALLS_LIMIT),
      'ratelimit-remaining': String(CALLS_LIMIT - 1),
      'ratelimit-reset': String(Math.floor(nowMs / 1_000) + CALLS_RESET_S),
    };
    return { ...answer, headers: { ...headers, ...answer.headers } };
  }

  #route(method: string, path: string, { url, body }: EndpointRequest): EndpointAnswer {
    const [, id] = /^\/servers\/([^/]+)$/.exec(path) ?? [];
    if (method === 'POST' && path === '/servers') return this.#create(body);
    if (method === 'GET' && path === '/servers') return this.#list(url.searchParams);
    if (method === 'GET' && path === '/pricing') return { status: 200, body: { pricing: pricing() } };
    if (method === 'GET' && path === '/images') return this.#images(url.searchParams);
    if (id !== undefined && method === 'DELETE') return this.#delete(id);
    if (id !== undefined && method === 'GET') return this.#get(id);
    return refusal(404, 'not_found', `no such resource: ${method} ${path}`);
  }

  #create(body: unknown): EndpointAnswer {
    const complaint = complaintOf(body, { kind: 'object', fields: CREATE_SERVER });
    if (complaint !== null) return refusal(422, 'invalid_input', `invalid input in field ${complaint}`);
    this.created.push(body);
    const asked = body as {
      name: string;
      server_type: string;
      image: string;
      location?: string;
      labels?: Record<string, string>;
    };
    const { name, server_type: serverType, image, location = 'fsn1', labels = {} } = asked;
    if (SERVER_TYPES[serverType] === undefined)
      return refusal(422, 'invalid_input', `unknown server type ${serverType}`);
    if (!LOCATIONS.includes(location)) return refusal(422, 'invalid_input', `unknown location ${location}`);
    if (!IMAGES.includes(image)) return refusal(422, 'invalid_input', `unknown image ${image}`);
    if (this.#servers.named(name)) return refusal(409, 'uniqueness_error', 'server name is already used');
    if (this.#soldOut.has(`${serverType} ${location}`)) return this.#refused('capacity');
    if (this.failNextAction) {
      this.failNextAction = false;
      // What was begun is there, and costs.
      const server = this.#servers.add({ name, labels, serverType, location });
      const error = { code: 'resource_unavailable', message: 'error during placement' };
      return {
        status: 201,
        body: { server: shown(server), action: { ...this.#action('create_server', 'error'), error } },
      };
    }
    const server = this.#servers.add({ name, labels, serverType, location });
    const action = this.#action('create_server', 'running');
    return { status: 201, body: { server: shown(server), action, next_actions: [], root_password: 'hunter2' } };
  }

  #list(query: URLSearchParams): EndpointAnswer {
    const complaint = queryComplaint(query, LIST_SERVERS);
    if (complaint !== null) return refusal(400, 'invalid_input', complaint);
    const wanted = selectorOf(query.get('label_selector') ?? '');
    if (wanted === null) return refusal(400, 'invalid_input', 'label_selector: has an invalid format');
    const all = this.#servers
      .shown(this.showAfterMs)
      .filter(({ labels }) => wanted.every(([key, value]) => labels[key] === value));
    const size = Math.min(this.pageSize, Number(query.get('per_page') ?? 25));
    const page = Number(query.get('page') ?? 1);
    const last = Math.max(1, Math.ceil(all.length / size));
    const pagination = {
      ...{ page, per_page: size, previous_page: page > 1 ? page - 1 : null },
      ...{ next_page: page < last ? page + 1 : null, last_page: last, total_entries: all.length },
    };
    const servers = all.slice((page - 1) * size, page * size).map(shown);
    return { status: 200, body: { servers, meta: { pagination } } };
  }

  #get(id: string): EndpointAnswer {
    const server = this.#servers.get(id);
    return server ? { status: 200, body: { server: shown(server) } } : refusal(404, 'not_found', 'server not found');
  }

  #delete(id: string): EndpointAnswer {
    const server = this.#servers.get(id);
    if (!server) return refusal(404, 'not_found', `server with ID '${id}' not found`);
    if (server.status === 'deleting') return refusal(423, 'locked', 'server is locked');
    this.#servers.delete(server);
    return { status: 200, body: { action: this.#action('delete_server', 'running') } };
  }

  #images(query: URLSearchParams): EndpointAnswer {
    const images = IMAGES.filter((name) => name === query.get('name')).map((name, id) => ({
      id,
      name,
      type: 'system',
    }));
    return { status: 200, body: { images, meta: { pagination: { next_page: null } } } };
  }

  #action(command: string, status: 'running' | 'error') {
    return { id: ++this.#actions, command, status, progress: 0, error: null };
  }
}

function shown({ id, name, labels, status, createdMs, location, serverType }: EndpointServer) {
  return {
    ...{ id, name, labels, status, created: new Date(createdMs).toISOString().replace('.000Z', '+00:00') },
    ...{ location: { id: 1, name: location, network_zone: 'eu-central' }, server_type: { name: serverType } },
    ...{ public_net: { ipv4: { ip: '203.0.113.1' } }, locked: false, placement_group: null },
  };
}

function pricing() {
  const perLocation = (net: string) =>
    LOCATIONS.map((location) => ({ location, price_hourly: { net, gross: String(Number(net) * 1.19) } }));
  const types = Object.entries(SERVER_TYPES);
  return {
    ...{ currency: 'EUR', vat_rate: '19.00' },
    server_types: types.map(([name, net], id) => ({ id, name, prices: perLocation(net) })),
    primary_ips: [{ type: 'ipv4', prices: perLocation(IPV4_PRICE) }],
  };
}

function queryComplaint(query: URLSearchParams, fields: Fields): string | null {
  return complaintOf(Object.fromEntries(query), { kind: 'object', fields });
}

/** `key==value,…` and no other form; null: it is none. */
function selectorOf(text: string): readonly (readonly [string, string])[] | null {
  if (text === '') return [];
  const parts = text.split(',').map((part) => part.split('=='));
  return parts.every((part) => part.length === 2) ? parts.map(([key = '', value = '']) => [key, value] as const) : null;
}
