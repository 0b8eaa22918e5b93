import type { OfferingConfig } from '@forescale/shared/config';
import type { ManualClock } from '@forescale/shared/time';
import { type EndpointCall, FaultPlan } from '../fault-plan.ts';
import { complaintOf } from '../field-rules.ts';
import type { EndpointAnswer, EndpointRequest } from '../http-endpoint.ts';
import type { Endpoint, EndpointFault } from '../target.ts';
import { CREATE_CONTAINER, QUERIES } from './api-facts.ts';

const GIB = 2 ** 30;

interface EndpointContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdMs: number;
  /** As it was asked for. */
  readonly body: CreateBody;
  state: 'created' | 'running' | 'exited';
  /** Of the last archive that was put into it. */
  archive: Buffer | null;
}

interface CreateBody {
  readonly Image: string;
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>>;
  readonly HostConfig?: Readonly<Record<string, unknown>>;
}

const refusal = (status: number, message: string): EndpointAnswer => ({ status, body: { message } });

/** The API of a Docker engine, as far as its reference says what it does. */
export class DockerEndpoint implements Endpoint {
  /** An engine shows what there is, on one page. */
  showAfterMs = 0;
  pageSize = 0;
  /** Why no container can be started. */
  startRefusal: string | null = null;
  readonly operations = new Set<string>();
  readonly images: Set<string>;
  /** Of the containers by their ids: images of K3s declare some, which outlive a container that is removed without them. */
  readonly volumes = new Set<string>();
  /** Images that a registry has, and how long they take from there; null: it breaks off. */
  readonly registry = new Map<string, number | null>();
  readonly #clock: ManualClock;
  readonly #faults = new FaultPlan();
  readonly #containers = new Map<string, EndpointContainer>();
  #isFull = false;
  #made = 0;

  constructor(clock: ManualClock, images: readonly string[]) {
    this.#clock = clock;
    this.images = new Set(images);
  }

  fail(call: EndpointCall, fault: EndpointFault, times: number): void {
    this.#faults.fail(call, fault, times);
  }

  failAtRandom(share: number, seed: number): void {
    this.#faults.failAtRandom(share, seed);
  }

  /** A machine has but one disk. */
  sellOut(_offering: OfferingConfig): void {
    this.#isFull = true;
  }

  running(): readonly string[] {
    return [...this.#containers.keys()];
  }

  addStranger(): string {
    return this.#add('postgres', { Image: 'postgres:17', Labels: { app: 'db' } }).id;
  }

  interrupt(): void {
    throw new Error('nobody takes a container back');
  }

  /** Nothing takes time but pulls, which the clock wakes. */
  step(): void {}

  container(name: string): EndpointContainer | undefined {
    return [...this.#containers.values()].find((one) => one.name === name || one.id === name);
  }

  /** Null: the connection ends. */
  answer(request: EndpointRequest): EndpointAnswer | null {
    const { method, url } = request;
    const [operation, target] = operationOf(method, url.pathname);
    this.operations.add(operation);
    const fault = this.#faults.next(method === 'GET' ? 'read' : method === 'DELETE' ? 'terminate' : 'create');
    if (fault === 'reset') return null;
    if (fault !== null && fault !== 'lost') return refused(fault);
    const query = QUERIES[operation];
    if (!query) return refusal(404, `page not found: ${operation}`);
    const complaint = complaintOf(Object.fromEntries(url.searchParams), { kind: 'object', fields: query });
    const answer =
      complaint === null
        ? this.#route(operation, target, url.searchParams, request.body)
        : refusal(400, `invalid query: ${complaint}`);
    return fault === 'lost' ? null : answer;
  }

  #route(operation: string, target: string, query: URLSearchParams, body: unknown): EndpointAnswer {
    switch (operation) {
      case 'GET /_ping':
        return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'OK' };
      case 'GET /version':
        return { status: 200, body: { Version: '28.0.0', ApiVersion: '1.48', MinAPIVersion: '1.24' } };
      case 'GET /info':
        return { status: 200, body: { NCPU: 8, MemTotal: 32 * GIB, Name: 'host' } };
      case 'GET /images/{name}/json':
        return this.images.has(target) ? { status: 200, body: { Id: 'sha256:1' } } : noSuch('image', target);
      case 'POST /images/create':
        return this.#pull(`${query.get('fromImage')}:${query.get('tag')}`);
      case 'POST /containers/create':
        return this.#create(query.get('name') ?? '', body);
      case 'GET /containers/json':
        return this.#list(query);
    }
    const container = this.container(target);
    if (!container) return noSuch('container', target);
    switch (operation) {
      case 'GET /containers/{id}/json':
        return { status: 200, body: inspected(container) };
      case 'PUT /containers/{id}/archive':
        if (!Buffer.isBuffer(body)) return refusal(400, 'Error processing tar file: EOF');
        container.archive = body;
        return { status: 200 };
      case 'POST /containers/{id}/start':
        if (body !== undefined) return refusal(400, 'starting container with non-empty request body');
        if (container.state === 'running') return { status: 304 };
        if (this.startRefusal !== null) return refusal(404, this.startRefusal);
        container.state = 'running';
        return { status: 204 };
      default:
        if (container.state === 'running' && query.get('force') !== 'true')
          return refusal(409, `cannot remove a running container ${container.id}`);
        this.#containers.delete(container.id);
        if (query.get('v') === 'true') this.volumes.delete(container.id);
        return { status: 204 };
    }
  }

  #create(name: string, body: unknown): EndpointAnswer {
    const complaint = complaintOf(body, { kind: 'object', fields: CREATE_CONTAINER });
    if (complaint !== null) return refusal(400, `invalid JSON: ${complaint}`);
    const asked = body as CreateBody;
    if (!this.images.has(asked.Image)) return noSuch('image', asked.Image);
    const known = this.container(name);
    if (known)
      return refusal(409, `Conflict. The container name "/${name}" is already in use by container "${known.id}".`);
    if (this.#isFull) return refused('capacity');
    return { status: 201, body: { Id: this.#add(name, asked).id, Warnings: [] } };
  }

  #add(name: string, body: CreateBody): EndpointContainer {
    const id = (++this.#made).toString(16).padStart(64, '0');
    const of = { id, name, body, image: body.Image, labels: body.Labels ?? {}, createdMs: this.#clock.nowMs() };
    const container: EndpointContainer = { ...of, state: 'created', archive: null };
    this.#containers.set(id, container);
    this.volumes.add(id);
    return container;
  }

  #list(query: URLSearchParams): EndpointAnswer {
    const filters = JSON.parse(query.get('filters') ?? '{}') as { label?: readonly string[] };
    const unknown = Object.keys(filters).find((key) => key !== 'label');
    if (unknown !== undefined) return refusal(400, `invalid filter '${unknown}'`);
    const wanted = (filters.label ?? []).map((one) => one.split('='));
    const found = [...this.#containers.values()].filter(
      ({ labels, state }) =>
        (query.get('all') === 'true' || state === 'running') &&
        wanted.every(
          ([key = '', value]) => labels[key] !== undefined && (value === undefined || labels[key] === value),
        ),
    );
    return { status: 200, body: found.map(listed) };
  }

  #pull(image: string): EndpointAnswer {
    const ms = this.registry.get(image);
    if (ms === undefined) return refusal(404, `manifest for ${image} not found: manifest unknown`);
    return { status: 200, body: this.#pulled(image, ms) };
  }

  async *#pulled(image: string, ms: number | null): AsyncIterable<string> {
    const line = (step: object) => `${JSON.stringify(step)}\r\n`;
    yield line({ status: 'Pulling from library', id: image });
    yield line({ status: 'Downloading', progress: '[==>   ]  3MB/70MB', id: 'a1' });
    if (ms === null) return void (yield line({ error: 'unexpected EOF', errorDetail: { message: 'unexpected EOF' } }));
    await this.#clock.sleep(ms);
    this.images.add(image);
    yield line({ status: `Status: Downloaded newer image for ${image}` });
  }
}

/** Such as `GET /containers/{id}/json` of `web-1`. */
function operationOf(method: string, path: string): readonly [operation: string, target: string] {
  const [, of = '', id = '', rest = ''] = /^\/(containers|images)\/(.+?)(\/(?:json|start|archive))?$/.exec(path) ?? [];
  if (of === '' || id === 'create' || id === 'json') return [`${method} ${path}`, ''];
  return [`${method} /${of}/{${of === 'images' ? 'name' : 'id'}}${rest}`, decodeURIComponent(id)];
}

const noSuch = (what: string, name: string) => refusal(404, `No such ${what}: ${name}`);

function refused(fault: Exclude<EndpointFault, 'reset' | 'lost'>): EndpointAnswer {
  if (fault === 'auth') return refusal(403, 'authorization denied by plugin guard: not you');
  if (fault === 'capacity') return refusal(500, 'mkdir /var/lib/docker/overlay2/1: no space left on device');
  return refusal(500, 'context deadline exceeded');
}

function listed({ id, name, image, labels, state, createdMs }: EndpointContainer) {
  const Created = Math.floor(createdMs / 1_000);
  return { Id: id, Names: [`/${name}`], Image: image, Labels: labels, State: state, Status: 'Up', Created };
}

function inspected({ id, name, image, labels, state, createdMs }: EndpointContainer) {
  const Created = new Date(createdMs).toISOString().replace('Z', '456789Z');
  return { Id: id, Name: `/${name}`, Created, State: { Status: state }, Config: { Image: image, Labels: labels } };
}
