import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OfferingConfig } from '@forescale/shared/config';
import { type ManualClock, type Random, seededRandom } from '@forescale/shared/time';
import type { Endpoint, EndpointFault } from '../target.ts';
import { ApiError, type Call } from './api.ts';
import { EC2_OPERATIONS, Ec2 } from './ec2.ts';
import { rebalanceRecommendation, spotWarning, stateChange } from './events.ts';
import { Instances, WARNING_MS } from './instances.ts';
import { PriceList } from './price-list.ts';
import { Queues, SQS_OPERATIONS } from './queues.ts';
import { AUTO_SCALING_OPERATIONS, ScalingGroups } from './scaling-groups.ts';
import { readModel, type Service, type ServiceModel } from './service-model.ts';
import { asRequest, refusalText, resultText } from './wire.ts';

type CallKind = 'create' | 'read' | 'terminate';

const CREATES: readonly string[] = ['CreateFleet', 'SetDesiredCapacity'];
const TERMINATES: readonly string[] = ['TerminateInstances', 'TerminateInstanceInAutoScalingGroup'];
const READS = /^(Describe|Receive|Get)/;

const QUEUE_PATH = '/123456789012/forescale';
const BODY_BYTES_MAX = 2 ** 20;

/** What the real services answer to a call that they do not carry out. */
const FAULTS = {
  auth: new ApiError('UnauthorizedOperation', 'You are not authorized to perform this operation.', 403),
  throttled: new ApiError('RequestLimitExceeded', 'Request limit exceeded.', 503),
  unavailable: new ApiError('Unavailable', 'The server is overloaded and cannot handle the request.', 503),
} as const;

/** EC2, auto scaling, SQS and the price list of one account in all regions, on loopback; every request is validated. */
export class AwsEndpoint implements Endpoint {
  readonly operations = new Set<string>();
  /** Requests that the published models do not allow, in words. */
  readonly misuses: string[] = [];
  /** Every request that they do allow, in order. */
  readonly calls: Pick<Call, 'operation' | 'region' | 'input'>[] = [];
  readonly instances: Instances;
  readonly ec2: Ec2;
  readonly scaling: ScalingGroups;
  readonly queues: Queues;
  readonly priceList = new PriceList();
  readonly #clock: ManualClock;
  readonly #server: Server;
  readonly #models: Readonly<Record<Service, ServiceModel>>;
  readonly #planned: { readonly kind: CallKind; readonly fault: EndpointFault; left: number }[] = [];
  #random: { readonly share: number; readonly random: Random } | null = null;
  #strangers = 0;

  constructor(clock: ManualClock, subnets: ReadonlyMap<string, string>) {
    this.#clock = clock;
    this.instances = new Instances(clock);
    this.ec2 = new Ec2(this.instances, clock, subnets);
    this.scaling = new ScalingGroups(this.instances, clock);
    this.queues = new Queues(clock);
    this.instances.onState = (one) => this.queues.send(this.queueUrl, stateChange(one, clock.nowMs()));
    this.#models = {
      ec2: readModel('ec2', EC2_OPERATIONS),
      autoscaling: readModel('autoscaling', AUTO_SCALING_OPERATIONS),
      sqs: readModel('sqs', SQS_OPERATIONS),
      pricing: readModel('pricing', ['GetProducts']),
    };
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.queues.add(this.queueUrl);
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get queueUrl(): string {
    return `${this.url}${QUEUE_PATH}`;
  }

  fail(kind: CallKind, fault: EndpointFault, times: number): void {
    this.#planned.push({ kind, fault, left: times });
  }

  failAtRandom(share: number, seed: number): void {
    this.#random = { share, random: seededRandom(seed) };
  }

  sellOut({ region, zone, instanceType, capacityType }: OfferingConfig): void {
    this.instances.sellOut(region, zone, instanceType, capacityType === 'spot' ? 'spot' : 'on-demand');
  }

  running(): readonly string[] {
    return this.instances.running().map(({ id }) => id);
  }

  addStranger(): string {
    const tags = new Map([
      ['forescale:cluster', 'another-cluster'],
      ['forescale:pool', 'web'],
      ['forescale:request', `stranger-${++this.#strangers}`],
    ]);
    const where = { region: 'us-east-1', zone: 'us-east-1a', subnet: 'subnet-0aaaaaaaa', type: 'm6i.large' };
    return this.instances.launch({ ...where, lifecycle: 'on-demand', tags, userData: '' }).id;
  }

  get showAfterMs(): number {
    return this.instances.showAfterMs;
  }

  set showAfterMs(ms: number) {
    this.instances.showAfterMs = ms;
  }

  get pageSize(): number {
    return this.ec2.pageSize;
  }

  set pageSize(size: number) {
    this.ec2.pageSize = size;
    this.scaling.pageSize = size;
  }

  interrupt(machineId: string, kind: 'reclaim' | 'rebalance'): void {
    const instance = this.instances.get(machineId);
    if (!instance) throw new Error(`no machine ${machineId}`);
    const nowMs = this.#clock.nowMs();
    if (kind === 'reclaim') instance.reclaimMs = nowMs + WARNING_MS;
    const event = kind === 'reclaim' ? spotWarning : rebalanceRecommendation;
    this.queues.send(this.queueUrl, event(instance, nowMs));
  }

  step(): void {
    this.instances.step();
    this.scaling.step();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const asked = asRequest(this.#models, request.headers, body);
    if ('error' in asked) {
      this.misuses.push(asked.error.message);
      return send(response, asked.error.status, refusalText(asked.service, asked.error), asked.service);
    }
    const { service, operation, region, input } = asked;
    this.operations.add(`${service}:${operation}`);
    this.calls.push({ operation, region, input });
    const fault = this.#faultOf(operation);
    if (fault === 'reset') return void request.socket.destroy();
    try {
      if (fault === 'auth' || fault === 'throttled' || fault === 'unavailable') throw FAULTS[fault];
      const refused = fault === 'capacity' || fault === 'quota' ? fault : null;
      const result = this.#answer(service, { region, operation, input, refused });
      if (fault === 'lost') return void request.socket.destroy();
      send(response, 200, resultText(this.#models[service], operation, result), service);
    } catch (error) {
      if (!(error instanceof ApiError)) {
        this.misuses.push(`the end point itself fails: ${String(error)}`);
        return void request.socket.destroy();
      }
      if (/^(Unknown|Missing)Parameter|^Invalid(Parameter|NextToken)/.test(error.code))
        this.misuses.push(error.message);
      send(response, error.status, refusalText(service, error), service);
    }
  }

  #answer(service: Service, call: Call): unknown {
    switch (service) {
      case 'ec2':
        return this.ec2.answer(call);
      case 'autoscaling':
        return this.scaling.answer(call);
      case 'sqs':
        return this.queues.answer(call);
      case 'pricing':
        return this.priceList.answer(call);
    }
  }

  #faultOf(operation: string): EndpointFault | null {
    const kind = kindOf(operation);
    const planned = this.#planned.find((one) => one.kind === kind && one.left > 0);
    if (planned) {
      planned.left--;
      return planned.fault;
    }
    if (this.#random === null || this.#random.random.next() >= this.#random.share) return null;
    const faults = ['throttled', 'unavailable', 'reset', 'lost'] as const;
    return faults[this.#random.random.below(faults.length)] ?? null;
  }
}

function kindOf(operation: string): CallKind | null {
  if (CREATES.includes(operation)) return 'create';
  if (TERMINATES.includes(operation)) return 'terminate';
  return READS.test(operation) ? 'read' : null;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_BYTES_MAX) throw new Error('a request of more than 1 MiB');
  }
  return text;
}

function send(response: ServerResponse, status: number, text: string, service: Service | null): void {
  const isJson = service === 'sqs' || service === 'pricing';
  const headers = { 'content-type': isJson ? 'application/x-amz-json-1.0' : 'text/xml;charset=UTF-8' };
  response.writeHead(status, { ...headers, 'x-amzn-requestid': '59dbff89-35bd-4eac-99ed-be587example' }).end(text);
}
