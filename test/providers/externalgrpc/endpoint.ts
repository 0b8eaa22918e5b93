import { fileURLToPath } from 'node:url';
import type { OfferingConfig } from '@forescale/shared/config';
import { type Clock, type Random, seededRandom } from '@forescale/shared/time';
import {
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';
import type { Endpoint, EndpointFault } from '../target.ts';
import { Group } from './groups.ts';
import { openResetProxy } from './reset-proxy.ts';
import { CallRefused, type Checked, checkedMethod } from './validate.ts';

const PROTO = fileURLToPath(
  new URL('../../../services/actuator/src/providers/externalgrpc/cloud-provider.proto', import.meta.url),
);
const SERVICE = 'clusterautoscaler.cloudprovider.v1.externalgrpc.CloudProvider';
const STRANGERS = 'strangers';
const ALL_FAULTS: readonly EndpointFault[] = ['capacity', 'quota', 'throttled', 'unavailable', 'reset', 'lost'];
const READ_FAULTS: readonly EndpointFault[] = ['throttled', 'unavailable', 'reset', 'lost'];

type ServiceMethod = MethodDefinition<Request, object>;
type Call = 'create' | 'read' | 'terminate';
type Request = Readonly<Record<string, unknown>>;

const CALLS: Readonly<Record<string, Call>> = {
  NodeGroupIncreaseSize: 'create',
  NodeGroupDeleteNodes: 'terminate',
  NodeGroupDecreaseTargetSize: 'terminate',
};

const STATES = { creating: 2, running: 1, deleting: 3 } as const;

/**
 * A server of Cluster Autoscaler's published interface, on a real socket. Sizes change by differences, and a difference
 * that is sent twice counts twice. What it refuses by itself it answers as UNKNOWN, as servers do that wrap Cluster
 * Autoscaler's own providers.
 */
export class ExternalGrpcEndpoint implements Endpoint {
  showAfterMs = 0;
  pageSize = 1_000;
  /** Null: prices are not implemented. */
  prices: ReadonlyMap<string, number> | null = new Map();
  /** An increase whose answer is lost is carried out only so much later. */
  lateMs = 0;
  readonly operations = new Set<string>();
  readonly groups = new Map<string, Group>();
  readonly #groupOf: (offering: OfferingConfig) => string;
  readonly #clock: Clock;
  readonly #server: Server;
  readonly #planned: { readonly call: Call; readonly fault: EndpointFault; left: number }[] = [];
  #late: { readonly atMs: number; readonly act: () => void }[] = [];
  #chance: { readonly share: number; readonly random: Random } | null = null;
  #proxy: Awaited<ReturnType<typeof openResetProxy>> | null = null;

  constructor(groups: readonly Group[], groupOf: (offering: OfferingConfig) => string, clock: Clock) {
    for (const group of groups) this.groups.set(group.id, group);
    this.groups.set(STRANGERS, new Group(STRANGERS, { minSize: 0, maxSize: 100 }, clock));
    this.#groupOf = groupOf;
    this.#clock = clock;
    this.#server = new Server({ 'grpc.max_receive_message_length': 2 ** 20 });
  }

  /** Resolves to its address. */
  async listen(credentials = ServerCredentials.createInsecure()): Promise<string> {
    const [service, bare] = [await loadService(true), await loadService(false)];
    const methods: Record<string, MethodDefinition<Checked, object>> = {};
    const handlers: Record<string, handleUnaryCall<Checked, object>> = {};
    for (const [name, method] of Object.entries(service)) {
      methods[name] = checkedMethod(method, bare[name] as ServiceMethod);
      handlers[name] = ({ request }, answer) => this.#answer(name, request, answer);
    }
    this.#server.addService(methods, handlers);
    const port = await new Promise<number>((resolve, reject) =>
      this.#server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    this.#proxy = await openResetProxy(port);
    return `127.0.0.1:${this.#proxy.port}`;
  }

  async close(): Promise<void> {
    await this.#proxy?.close();
    this.#server.forceShutdown();
  }

  fail(call: Call, fault: EndpointFault, times: number): void {
    this.#planned.push({ call, fault, left: times });
  }

  failAtRandom(share: number, seed: number): void {
    this.#chance = share > 0 ? { share, random: seededRandom(seed) } : null;
  }

  sellOut(offering: OfferingConfig): void {
    this.#group(this.#groupOf(offering)).isSoldOut = true;
  }

  running(): readonly string[] {
    return [...this.groups.values()]
      .filter(({ id }) => id !== STRANGERS)
      .flatMap(({ instances }) => instances.filter(({ state, lack }) => state !== 'deleting' && !lack))
      .map(({ id }) => id);
  }

  addStranger(): string {
    const strangers = this.#group(STRANGERS);
    strangers.grow(1);
    return strangers.instances.at(-1)?.id ?? '';
  }

  interrupt(): void {
    throw new Error('the interface tells of no interruptions');
  }

  step(): void {
    const nowMs = this.#clock.nowMs();
    for (const { act } of this.#late.filter(({ atMs }) => nowMs >= atMs)) act();
    this.#late = this.#late.filter(({ atMs }) => nowMs < atMs);
    for (const group of this.groups.values()) group.step();
  }

  #answer(name: string, { request, wrong }: Checked, answer: sendUnaryData<object>): void {
    this.operations.add(name);
    const isIncrease = name === 'NodeGroupIncreaseSize';
    const fault = this.#faultOf(CALLS[name] ?? 'read');
    const act = () => this.#carryOut(name, request);
    if (wrong !== null) answer({ code: status.INVALID_ARGUMENT, details: `${name}: ${wrong}` });
    else if (fault === 'reset') this.#proxy?.reset();
    else if (fault === 'lost' && isIncrease && this.lateMs > 0) {
      this.#late.push({ atMs: this.#clock.nowMs() + this.lateMs, act });
      this.#proxy?.reset();
    } else if (fault !== null && fault !== 'lost') answer(refusalOf(fault));
    else this.#tell(fault === 'lost', act, answer);
  }

  #tell(isLost: boolean, act: () => object, answer: sendUnaryData<object>): void {
    try {
      const result = act();
      if (isLost) this.#proxy?.reset();
      else answer(null, result);
    } catch (error) {
      const code = error instanceof CallRefused ? error.code : status.UNKNOWN;
      answer({ code, details: error instanceof Error ? error.message : String(error) });
    }
  }

  #faultOf(call: Call): EndpointFault | null {
    const planned = this.#planned.find((one) => one.call === call && one.left > 0);
    if (planned) {
      planned.left--;
      return planned.fault;
    }
    if (this.#chance === null || this.#chance.random.next() >= this.#chance.share) return null;
    const faults = call === 'create' ? ALL_FAULTS : READ_FAULTS;
    return faults[this.#chance.random.below(faults.length)] ?? null;
  }

  #carryOut(name: string, request: Request): object {
    const group = () => this.#group(String(request.id));
    const delta = Number(request.delta);
    switch (name) {
      case 'Refresh':
        return {};
      case 'NodeGroups':
        return { nodeGroups: [...this.groups.values()].map(({ id, minSize, maxSize }) => ({ id, minSize, maxSize })) };
      case 'NodeGroupTargetSize':
        return { targetSize: group().target };
      case 'NodeGroupIncreaseSize':
        return increase(group(), delta);
      case 'NodeGroupDecreaseTargetSize':
        return decrease(group(), delta);
      case 'NodeGroupDeleteNodes':
        return this.#delete(group(), request.nodes as readonly { readonly providerID: string }[]);
      case 'NodeGroupNodes':
        return { instances: this.#shown(group()) };
      case 'PricingNodePrice':
        return { price: this.#price(request.node as { readonly labels: Readonly<Record<string, string>> }) };
      default:
        throw new CallRefused(status.UNIMPLEMENTED, `unknown method ${name}`);
    }
  }

  #group(id: string): Group {
    const group = this.groups.get(id);
    if (group) return group;
    throw new Error(`NodeGroup ${JSON.stringify(id)}, not found`);
  }

  #shown(group: Group) {
    return group.instances
      .filter(({ madeMs }) => this.#clock.nowMs() >= madeMs + this.showAfterMs)
      .map(({ id, state, lack }) => ({
        id,
        status: {
          instanceState: STATES[state],
          errorInfo: {
            errorCode: lack?.code ?? '',
            errorMessage: lack?.message ?? '',
            instanceErrorClass: lack?.errorClass ?? 0,
          },
        },
      }));
  }

  #delete(group: Group, nodes: readonly { readonly providerID: string }[]): object {
    for (const { providerID } of nodes)
      if (!group.instances.some(({ id }) => id === providerID))
        throw new Error(`node ${providerID} does not belong to group ${group.id}`);
    if (group.target - nodes.length < group.minSize) throw new Error('min size reached, nodes will not be deleted');
    for (const { providerID } of nodes) group.end(providerID);
    return {};
  }

  #price({ labels }: { readonly labels: Readonly<Record<string, string>> }): number {
    if (this.prices === null) throw new CallRefused(status.UNIMPLEMENTED, 'Not implemented');
    const price = this.prices.get(
      `${labels['node.kubernetes.io/instance-type']} ${labels['forescale.dev/capacity-type']}`,
    );
    if (price === undefined) throw new Error('no price for such a node');
    return price;
  }
}

async function loadService(defaults: boolean): Promise<Readonly<Record<string, ServiceMethod>>> {
  const definition = await load(PROTO, { keepCase: true, longs: Number, enums: Number, defaults });
  return definition[SERVICE] as unknown as Readonly<Record<string, ServiceMethod>>;
}

function increase(group: Group, delta: number): object {
  if (group.target + delta > group.maxSize)
    throw new Error(`size increase too large - desired:${group.target + delta} max:${group.maxSize}`);
  group.grow(delta);
  return {};
}

function decrease(group: Group, delta: number): object {
  if (group.target + delta < group.alive.length)
    throw new Error(`attempt to delete existing nodes targetSize:${group.target} delta:${delta}`);
  if (group.target + delta < group.minSize) throw new Error(`size decrease too large, min size is ${group.minSize}`);
  group.target += delta;
  return {};
}

function refusalOf(fault: Exclude<EndpointFault, 'reset' | 'lost'>) {
  switch (fault) {
    case 'capacity':
      return { code: status.RESOURCE_EXHAUSTED, details: 'no such machines in the zone' };
    case 'quota':
      return { code: status.RESOURCE_EXHAUSTED, details: 'quota of CPUs exceeded' };
    case 'auth':
      return { code: status.PERMISSION_DENIED, details: 'the client certificate is not known' };
    case 'throttled': {
      const metadata = new Metadata();
      metadata.set('grpc-retry-pushback-ms', '7000');
      return { code: status.RESOURCE_EXHAUSTED, details: 'too many calls', metadata };
    }
    case 'unavailable':
      return { code: status.UNAVAILABLE, details: 'the cloud does not answer' };
  }
}
