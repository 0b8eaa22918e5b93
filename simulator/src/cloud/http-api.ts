import type { CallGate } from './call-gate.ts';
import { CloudError, type CloudErrorClass } from './errors.ts';
import { machineJson, parseCreateRequest } from './http-requests.ts';
import type { SimulatedCloud } from './simulated-cloud.ts';

export const CLOUD_PREFIX = '/cloud/v1/';

const PAGE_MAX = 1000;
const PAGE_DEFAULT = 100;

const HTTP_STATUS: Readonly<Record<CloudErrorClass, number>> = {
  capacity: 503,
  quota: 403,
  throttled: 429,
  transient: 500,
  auth: 401,
  config: 400,
  conflict: 409,
};

export interface CloudCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

export interface CloudReply {
  readonly status: number;
  readonly body: string;
  readonly retryAfterSeconds?: number;
}

/**
 * The cloud over HTTP:
 * - `POST machines` makes one (201), or gives back what the token made before (200 or 201);
 * - `GET machines?clusterTag=&requestId=&limit=&pageToken=` lists what is not gone, oldest first;
 * - `GET machines/ID`, `DELETE machines/ID` (repeatable; 404 for an unknown one);
 * - `GET offerings`, `GET interruptions?clusterTag=`, `GET cost`.
 * A failure is `{"error":{"class":"capacity","message":"…"}}`.
 */
export class CloudHttpApi {
  readonly #cloud: SimulatedCloud;
  readonly #gate: CallGate;

  constructor(cloud: SimulatedCloud, gate: CallGate) {
    this.#cloud = cloud;
    this.#gate = gate;
  }

  async handle(call: CloudCall): Promise<CloudReply> {
    const kind = call.method === 'POST' ? 'create' : call.method === 'DELETE' ? 'terminate' : 'read';
    // Carried out first, answered later: whoever gives up waiting does not know what happened.
    const reply = this.#carryOut(call);
    await this.#gate.delay(kind);
    return reply;
  }

  #carryOut(call: CloudCall): CloudReply {
    try {
      return this.#dispatch(call);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      return errorReply(HTTP_STATUS[error.errorClass], error);
    }
  }

  #dispatch({ method, path, query, body }: CloudCall): CloudReply {
    const [resource = '', id, ...more] = path.slice(CLOUD_PREFIX.length).split('/');
    if (more.length > 0) return notFound(path);
    if (resource === 'machines' && id !== undefined) return this.#onMachine(method, id);
    if (resource === 'machines' && method === 'POST') return this.#create(body);
    if (method !== 'GET' || id !== undefined) return notFound(path);
    if (resource === 'machines') return this.#list(query);
    if (resource === 'offerings') return json(200, { offerings: this.#cloud.offerings() });
    if (resource === 'interruptions') return this.#interruptions(query.get('clusterTag'));
    if (resource === 'cost') return json(200, this.#cloud.cost());
    return notFound(path);
  }

  #create(body: string): CloudReply {
    this.#gate.admitCreation();
    return json(201, machineJson(this.#cloud.create(parseCreateRequest(body))));
  }

  #onMachine(method: string, id: string): CloudReply {
    if (method !== 'GET' && method !== 'DELETE') return notFound(`${method} machines/${id}`);
    const machine = method === 'GET' ? this.#cloud.get(id) : this.#cloud.terminate(id);
    return machine === undefined ? notFound(`machine ${id}`) : json(200, machineJson(machine));
  }

  #list(query: URLSearchParams): CloudReply {
    const clusterTag = query.get('clusterTag');
    const requestId = query.get('requestId');
    const limit = Number(query.get('limit') ?? PAGE_DEFAULT);
    if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX) {
      throw new CloudError('config', `InvalidParameter: limit: allowed: 1 to ${PAGE_MAX}`);
    }
    // Ids ascend, so that the last one seen says where to go on.
    const after = query.get('pageToken') ?? '';
    const machines = this.#cloud
      .list({ ...(clusterTag !== null && { clusterTag }), ...(requestId !== null && { requestId }) })
      .filter((machine) => machine.id > after);
    const page = machines.slice(0, limit);
    const last = page.at(-1);
    const nextPageToken = last !== undefined && page.length < machines.length ? last.id : null;
    return json(200, { machines: page.map(machineJson), nextPageToken });
  }

  #interruptions(clusterTag: string | null): CloudReply {
    return json(200, { interruptions: this.#cloud.interruptions(clusterTag) });
  }
}

function json(status: number, body: unknown): CloudReply {
  return { status, body: JSON.stringify(body) };
}

function notFound(what: string): CloudReply {
  return json(404, { error: { class: 'config', message: `NotFound: ${what}` } });
}

function errorReply(status: number, error: CloudError): CloudReply {
  const body = { error: { class: error.errorClass, message: error.message } };
  const { retryAfterSeconds } = error;
  return { ...json(status, body), ...(retryAfterSeconds !== null && { retryAfterSeconds }) };
}
