import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OfferingConfig } from '@forescale/shared/config';
import type { ManualClock } from '@forescale/shared/time';
import { type EndpointCall, FaultPlan } from '../fault-plan.ts';
import type { Endpoint, EndpointFault } from '../target.ts';
import { type CloudInstance, GcpCloud, lastOf, PROJECT, statusOf } from './cloud.ts';
import { type Call, callOf, problemWith } from './facts.ts';
import { masked } from './field-mask.ts';
import { type Answers, answerTo } from './handlers.ts';
import type { InstanceBody } from './insertion.ts';
import { type GroupSpec, ManagedGroup } from './managed-groups.ts';
import { permissionsOf } from './permissions.ts';
import { EXHAUSTED, invalid, OVER_QUOTA, Refused } from './refusals.ts';

export const TOKEN = 'ya29.test-access-token';

const CALLS: Readonly<Record<string, EndpointCall | 'other'>> = {
  insert: 'create',
  resize: 'create',
  delete: 'terminate',
  deleteInstances: 'terminate',
  wait: 'other',
};
const BODY_BYTES_MAX = 2 ** 20;

/** Compute Engine, the part of GKE's API that names its groups, and the test of permissions, on loopback. */
export class GcpEndpoint implements Endpoint, Answers {
  showAfterMs = 0;
  pageSize = 500;
  readonly operations = new Set<string>();
  readonly cloud = new GcpCloud();
  readonly groups = new Map<string, ManagedGroup>();
  readonly clock: ManualClock;
  /** Node pools by name: their groups. */
  readonly nodePools = new Map<string, { readonly groups: ManagedGroup[]; isAutoscaled: boolean }>();
  /** A zone that does not answer: listings say so. */
  unreachable: string | null = null;
  /** Whether the scope of the zone says so, the whole listing, or both. */
  tellsUnreachable: 'both' | 'whole' | 'scope' = 'both';
  /** Listings of instances lag behind everything else. */
  hidesFromLists = false;
  /** What a test of permissions finds missing. */
  readonly withheld = new Set<string>();
  /** Where an answer of this end point itself is none of the API's. */
  readonly mistakes: string[] = [];
  /** Bodies of insertions, as they came. */
  readonly inserted: unknown[] = [];
  /** What was asked for, in its order. */
  readonly asked: URL[] = [];
  token = TOKEN;
  quotesToken = false;
  /** A refused machine is told with its metadata, as the real one does. */
  quotesMetadata = false;
  readonly #faults = new FaultPlan();
  readonly #faultOf = new Map<string, EndpointFault>();
  readonly #server: Server;
  #strangers = 0;

  constructor(clock: ManualClock) {
    this.clock = clock;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    if (this.mistakes.length > 0) throw new Error(`the end point is not like the API: ${this.mistakes[0]}`);
  }

  addGroup(spec: GroupSpec): ManagedGroup {
    const group = new ManagedGroup(this.cloud, spec);
    this.groups.set(group.key, group);
    return group;
  }

  fail(call: 'create' | 'read' | 'terminate', fault: EndpointFault, times: number): void {
    this.#faults.fail(call, fault, times);
  }

  /** The next call of one method, such as "compute.zoneOperations.wait", goes wrong. */
  failWith(method: string, fault: EndpointFault): void {
    this.#faultOf.set(method, fault);
  }

  failAtRandom(share: number, seed: number): void {
    this.#faults.failAtRandom(share, seed);
  }

  sellOut({ instanceType, zone, capacityType }: OfferingConfig): void {
    this.cloud.sellOut(instanceType, zone, capacityType === 'spot' ? 'SPOT' : 'STANDARD');
  }

  running(): readonly string[] {
    this.step();
    return this.cloud
      .all(this.clock.nowMs())
      .filter((one) => statusOf(one, this.clock.nowMs()) !== 'STOPPING')
      .map(idOf);
  }

  addStranger(): string {
    const name = `web-stranger-${++this.#strangers}`;
    const zone = 'us-central1-a';
    const body = { name, machineType: `zones/${zone}/machineTypes/e2-standard-4` };
    return idOf(this.cloud.add(zone, body, this.clock.nowMs(), null));
  }

  /** Compute Engine knows no machines that are only at risk. */
  interrupt(machineId: string, kind: 'reclaim' | 'rebalance'): void {
    const nowMs = this.clock.nowMs();
    const instance = this.cloud.all(nowMs).find((one) => idOf(one) === machineId);
    if (kind === 'reclaim' && instance) this.cloud.preempt(instance, nowMs);
  }

  step(): void {
    for (const group of this.groups.values()) group.step(this.clock.nowMs());
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    try {
      const { status, body, headers } = await this.#answer(request, gone.signal);
      if (response.destroyed) return;
      response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8', ...headers });
      response.end(JSON.stringify(body));
    } catch (error) {
      if (error !== RESET) this.mistakes.push(String(error));
      response.destroy();
    }
  }

  async #answer(request: IncomingMessage, gone: AbortSignal) {
    try {
      const url = new URL(request.url ?? '', 'http://x');
      this.asked.push(url);
      const call = callOf(request.method ?? '', url, await bodyOf(request));
      if (typeof call === 'string') throw new Refused(400, 'invalid', call);
      this.#authorize(request, call);
      const fault = this.#faultOf.get(call.method) ?? this.#faults.next(CALLS[lastWord(call.method)] ?? 'read');
      this.#faultOf.delete(call.method);
      if (fault === 'reset') throw RESET;
      if (fault !== null) this.#refuse(fault, call);
      if (call.method === 'compute.instances.insert') {
        if (this.quotesMetadata)
          throw invalid(`Invalid value for field 'resource.metadata': '${metadataOf(call.body)}'.`);
        this.inserted.push(call.body);
      }
      const body = await answerTo(call, this, gone);
      const problem = problemWith(call.answer, body, 'answer');
      if (problem !== null) throw new Error(`${call.method}: ${problem}`);
      if (fault === 'lost') throw RESET;
      const { fields } = call.query;
      return { status: 200, body: fields === undefined ? body : masked(body, fields), headers: {} };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { status: error.status, body: error.body, headers: error.headers };
    }
  }

  #authorize({ headers }: IncomingMessage, call: Call): void {
    const sent = headers.authorization?.replace('Bearer ', '');
    if (this.quotesToken) throw new Refused(401, 'authError', `the token ${sent} is not taken`);
    if (sent !== this.token) throw new Refused(401, 'authError', 'Request had invalid authentication credentials.');
    for (const permission of permissionsOf(call)) this.operations.add(permission);
    const { project, step1 } = call.path;
    if ((project ?? step1) !== PROJECT)
      throw new Refused(403, 'forbidden', `Required permission for 'projects/${project}'`);
  }

  /** Throws; what a group or an operation is refused, is told later. */
  #refuse(fault: EndpointFault, { method, path }: Call): void {
    const isInsert = method === 'compute.instances.insert';
    if (fault === 'throttled')
      throw new Refused(403, 'rateLimitExceeded', 'Rate Limit Exceeded', { 'retry-after': '7' });
    if (fault === 'auth') throw new Refused(403, 'forbidden', `Required '${method}' permission`);
    if (fault === 'unavailable') throw new Refused(503, 'backendError', 'Backend Error');
    if (fault === 'quota' && isInsert) throw new Refused(403, 'quotaExceeded', OVER_QUOTA.message);
    if (fault === 'capacity' && isInsert) this.cloud.lacking.push(EXHAUSTED);
    const group = this.groups.get(`${path.zone ?? path.region}/${path.instance_group_manager}`);
    if (group && (fault === 'capacity' || fault === 'quota'))
      group.lackFrom(this.clock.nowMs(), fault === 'quota' ? OVER_QUOTA : EXHAUSTED);
  }
}

const RESET = new Error('reset');

const metadataOf = (body: unknown) => (body as InstanceBody).metadata?.items?.map(({ value }) => value).join();

const lastWord = (method: string) => method.slice(method.lastIndexOf('.') + 1);

/** As `Machine.id` has it: a member of a group has that in front. */
function idOf({ group, zone, body }: CloudInstance): string {
  return [...(group === null ? [] : [group]), zone, lastOf(body.name)].join('/');
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += chunk;
  if (text.length > BODY_BYTES_MAX) throw new Refused(413, 'uploadTooLarge', 'Request too large');
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(400, 'parseError', 'Parse Error');
  }
}
