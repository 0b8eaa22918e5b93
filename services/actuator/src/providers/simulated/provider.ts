import { z } from 'zod';
import { ProviderError } from '../errors.ts';
import { readToken } from '../join/index.ts';
import type { Interruption, Machine, MachineProvider, MachineRequest, Place } from '../port.ts';
import { callCloud, type HttpAnswer } from './http.ts';

const PAGE_SIZE = 1_000;
/** 100,000 machines; more is a mistake. */
const PAGES_MAX = 100;

const text = z.string().max(253);

const machineSchema = z
  .object({
    id: text.min(1),
    providerId: text,
    requestId: text,
    nodeName: text,
    pool: text,
    state: z.enum(['starting', 'running', 'terminating', 'terminated']),
    requestedMs: z.number(),
    offering: z.object({ region: text }),
  })
  .transform(({ requestedMs, offering: { region }, ...rest }) => ({
    ...rest,
    createdMs: requestedMs,
    place: { provider: '', region },
    group: null,
  }));

const pageSchema = z.object({ machines: z.array(machineSchema).max(PAGE_SIZE), nextPageToken: text.nullable() });

const interruptionsSchema = z.object({
  interruptions: z
    .array(z.object({ machineId: text, nodeName: text, kind: z.enum(['reclaim', 'rebalance']), atMs: z.number() }))
    .max(PAGE_SIZE * PAGES_MAX),
});

/** Machines of the simulated cloud, over HTTP below `<url>/cloud/v1/`. */
export class SimulatedProvider implements MachineProvider {
  readonly kind = 'simulated';
  readonly #root: URL;
  /** Read anew for every call: it may be replaced. */
  readonly #tokenFile: string | null;

  constructor({ url, tokenFile }: { readonly url: string; readonly tokenFile: string | null }) {
    this.#tokenFile = tokenFile;
    this.#root = new URL('cloud/v1/', url.endsWith('/') ? url : `${url}/`);
  }

  async create(request: MachineRequest, signal: AbortSignal) {
    const { region, zone, instanceType, capacityType } = request.offering;
    const offering = { region, zone, instanceType, capacityType };
    const { requestId, token, nodeName, clusterTag, pool, labels, taints } = request;
    const asked = { requestId, token, nodeName, clusterTag, pool, labels, taints, offering };
    const { body } = await this.#call('POST', this.#url('machines'), signal, asked);
    const machine = parse(machineSchema, body);
    return { machines: shown([machine]), failures: [] };
  }

  async find(requestId: string, _place: Place, signal: AbortSignal): Promise<readonly Machine[]> {
    return await this.#list({ requestId }, signal);
  }

  async list(clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]> {
    return await this.#list({ clusterTag }, signal);
  }

  async terminate(machineId: string, _place: Place, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    const { status, body } = await this.#call('DELETE', this.#url(`machines/${encodeURIComponent(machineId)}`), signal);
    if (status === 404) return 'gone';
    return parse(machineSchema, body).state === 'terminated' ? 'gone' : 'terminating';
  }

  async interruptions(clusterTag: string, signal: AbortSignal): Promise<readonly Interruption[]> {
    const { body } = await this.#call('GET', this.#url('interruptions', { clusterTag }), signal);
    return parse(interruptionsSchema, body).interruptions;
  }

  async #list(query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<readonly Machine[]> {
    const machines: z.output<typeof machineSchema>[] = [];
    let pageToken = '';
    for (let page = 0; page < PAGES_MAX; page++) {
      const url = this.#url('machines', { ...query, limit: String(PAGE_SIZE), ...(pageToken && { pageToken }) });
      const answer = parse(pageSchema, (await this.#call('GET', url, signal)).body);
      machines.push(...answer.machines);
      if (answer.nextPageToken === null) return shown(machines);
      pageToken = answer.nextPageToken;
    }
    throw new ProviderError('config', `more than ${PAGES_MAX} pages of ${PAGE_SIZE} machines`);
  }

  async #call(method: 'GET' | 'POST' | 'DELETE', url: URL, signal: AbortSignal, body?: unknown): Promise<HttpAnswer> {
    return await callCloud(method, url, await readToken(this.#tokenFile, 'auth'), signal, body);
  }

  #url(path: string, query: Readonly<Record<string, string>> = {}): URL {
    const url = new URL(path, this.#root);
    url.search = new URLSearchParams(query).toString();
    return url;
  }
}

/** The port knows no machines that have ended. */
function shown(machines: readonly z.output<typeof machineSchema>[]): Machine[] {
  return machines.flatMap(({ state, ...rest }) => (state === 'terminated' ? [] : [{ ...rest, state }]));
}

/** What cannot be read may have been carried out all the same. */
function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new ProviderError('transient', `unreadable answer: ${issue?.path.join('.')}: ${issue?.message}`);
}
