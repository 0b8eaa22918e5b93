import type { JsonObject } from './objects/json.ts';
import type { DisruptionBudgetObject, NodeObject, PodObject, ReplicatedObject } from './objects/objects.ts';
import type { SimulatedClusterOptions } from './options.ts';
import { createSimulatedCluster, type SimulatedCluster } from './simulated-cluster.ts';

/** A Monday. */
export const START_MS = Date.UTC(2026, 0, 5);

export const GIB = 2 ** 30;

export const SMALL = {
  instanceType: 'small',
  region: 'local',
  zone: 'a',
  capacityType: 'on_demand',
  usdPerHour: 0.1,
  allocatable: { cpuMillicores: 4000, memoryBytes: 8 * GIB, pods: 110, gpus: 0 },
  boot: { kind: 'fixed', ms: 30_000 },
} as const;

export const SPOT = { ...SMALL, capacityType: 'spot', usdPerHour: 0.04, reclaimsPerHour: 0 } as const;

/** A simulated cluster with the calls that its own tests make, without HTTP. */
export class Lab {
  readonly cluster: SimulatedCluster;

  constructor(options: Partial<SimulatedClusterOptions> = {}) {
    this.cluster = createSimulatedCluster({ seed: 1, startMs: START_MS, offerings: [SMALL, SPOT], ...options });
  }

  /** Lets so many milliseconds pass. */
  pass(ms: number): void {
    this.cluster.step(this.cluster.nowMs() + ms);
  }

  post(path: string, body: JsonObject): JsonObject {
    return this.#call('POST', path, body);
  }

  /** A merge patch. */
  patch(path: string, body: JsonObject): JsonObject {
    return this.#call('PATCH', path, body);
  }

  delete(path: string, body: JsonObject = {}): JsonObject {
    return this.#call('DELETE', path, body);
  }

  nodes(): NodeObject[] {
    return this.#list('/api/v1/nodes') as NodeObject[];
  }

  node(name: string): NodeObject | undefined {
    return this.nodes().find((node) => node.metadata.name === name);
  }

  pods(): PodObject[] {
    return this.#list('/api/v1/pods') as PodObject[];
  }

  pod(name: string): PodObject | undefined {
    return this.pods().find((pod) => pod.metadata.name === name);
  }

  deployment(name: string): ReplicatedObject {
    return this.#call('GET', `/apis/apps/v1/namespaces/default/deployments/${name}`) as unknown as ReplicatedObject;
  }

  budget(name: string): DisruptionBudgetObject {
    const path = `/apis/policy/v1/namespaces/default/poddisruptionbudgets/${name}`;
    return this.#call('GET', path) as unknown as DisruptionBudgetObject;
  }

  /** A Ready node that no machine stands behind. */
  addNode(name: string, spec: JsonObject = {}, labels: JsonObject = {}, cpu = '4'): void {
    const conditions = [{ type: 'Ready', status: 'True' }];
    const allocatable = { cpu, memory: '8Gi', pods: '10' };
    this.post('/api/v1/nodes', { metadata: { name, labels }, spec, status: { allocatable, conditions } });
  }

  addPod(name: string, cpu: string, spec: JsonObject = {}, metadata: JsonObject = {}): void {
    const containers = [{ name: 'main', image: 'x', resources: { requests: { cpu, memory: '1Gi' } } }];
    this.post('/api/v1/namespaces/default/pods', { metadata: { name, ...metadata }, spec: { containers, ...spec } });
  }

  /** The status that the eviction is answered with. */
  evict(name: string): number {
    const path = `/api/v1/namespaces/default/pods/${name}/eviction`;
    return this.cluster.request('POST', path, { metadata: { name } }).status;
  }

  /** What two runs of the same seed must agree on: all sums, and every object at its version. */
  fingerprint(): object {
    const versions = [...this.nodes(), ...this.pods()].map(({ metadata }) => [
      metadata.name,
      metadata.uid,
      metadata.resourceVersion,
    ]);
    return { ...this.cluster.summary(), versions };
  }

  #list(path: string): unknown[] {
    return this.#call('GET', path).items as unknown as unknown[];
  }

  #call(method: string, path: string, body?: JsonObject): JsonObject {
    const reply = this.cluster.request(method, path, body);
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.body}`);
    return JSON.parse(reply.body) as JsonObject;
  }
}
