import { ManualClock, seededRandom, systemClock } from '@forescale/shared/time';
import { CallGate } from '../cloud/call-gate.ts';
import { CloudHttpApi } from '../cloud/http-api.ts';
import { type CostReport, SimulatedCloud } from '../cloud/index.ts';
import type { MachineCounts } from '../cloud/simulated-cloud.ts';
import { Timeline } from '../timeline/index.ts';
import { TraceWorkload, type WorkloadSummary } from '../workload/trace-workload.ts';
import { ApiServer } from './api/api-server.ts';
import { ALLOW_ALL } from './api/authorizer.ts';
import { MetricsApi } from './api/metrics.ts';
import type { ApiReply, ApiRequest } from './api/request.ts';
import { clusterIdOf, createControlPlaneNode, createDaemonSets, createNamespaces } from './bootstrap.ts';
import { CloudMount } from './cloud-mount.ts';
import { ControlPlane } from './controllers/control-plane.ts';
import { MachineGroups } from './controllers/machine-groups.ts';
import { ReactiveAutoscaler } from './controllers/reactive-autoscaler.ts';
import { authenticateByToken } from './http/authentication.ts';
import { Faults } from './http/faults.ts';
import { type RunningServer, startHttpServer } from './http/http-server.ts';
import { MachineNodes } from './machine-nodes.ts';
import type { Json } from './objects/json.ts';
import type { KindName, ObjectTypes } from './objects/kinds.ts';
import { isTerminating, isTrue, type PodObject } from './objects/objects.ts';
import { DEFAULT_TIMING, type InitialNodes, type SimulatedClusterOptions } from './options.ts';
import { ObjectStore } from './store/object-store.ts';
import { Registry } from './store/registry.ts';

export interface ListenOptions {
  /** 127.0.0.1 when absent. */
  readonly host?: string;
  /** Any free one when absent. */
  readonly port?: number;
  /** How often watches that ask for bookmarks get one; 60 s of wall time when absent. */
  readonly bookmarkIntervalMs?: number;
  /** Gets what the simulator itself did wrong; whoever asked gets a 500. */
  readonly onError?: (error: unknown) => void;
}

export interface ClusterSummary {
  readonly clusterId: string;
  readonly startMs: number;
  readonly nowMs: number;
  readonly nodes: { readonly total: number; readonly ready: number };
  readonly pods: { readonly running: number; readonly pending: number; readonly terminating: number };
  readonly machines: MachineCounts;
  readonly cost: CostReport;
  readonly workload: WorkloadSummary | null;
}

const OBJECTS_PER_KIND_MAX = 100_000;
/** Reached by nobody but this machine. */
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/** What pods other than the workload's use of their requests. */
const USAGE_SHARE = 0.3;

/** Streams of chance of their own, so that a fault more does not change every name and boot time after it. */
const STREAMS = { names: 0, cloud: 1, faults: 2 } as const;

/**
 * A cluster that exists in memory and in virtual time: Kubernetes API, scheduler, controllers, kubelets, a cloud that
 * rents machines, and a workload. The same seed, steps and requests give the same cluster, bit for bit.
 *
 * Time moves in `step` only. What takes no time (scheduling, controllers) happens at once, also after each request;
 * what does (booting, pod starts, grace periods) happens at its exact instant within the step.
 */
export class SimulatedCluster {
  readonly cloud: SimulatedCloud;
  /** Null when none was asked for. */
  readonly workload: TraceWorkload | null;
  readonly faults: Faults;
  readonly metrics: MetricsApi;
  /** The UID of kube-system. */
  readonly clusterId: string;
  readonly #options: SimulatedClusterOptions;
  readonly #timeline: Timeline;
  readonly #clock: ManualClock;
  readonly #registry: Registry;
  readonly #api: ApiServer;
  readonly #controlPlane: ControlPlane;
  readonly #machineNodes: MachineNodes;
  readonly #mount: CloudMount;

  constructor(options: SimulatedClusterOptions) {
    const { seed, startMs, cloudCalls = {} } = options;
    const random = (stream: number) => seededRandom(Math.imul(seed ^ (stream * 0x9e3779b9), 0x85ebca6b));
    const timing = { ...DEFAULT_TIMING, ...options.timing };
    this.#options = options;
    this.#timeline = new Timeline(startMs);
    this.#clock = new ManualClock(startMs);
    const store = new ObjectStore({
      historyEvents: options.historyEvents ?? 4096,
      objectsPerKind: OBJECTS_PER_KIND_MAX,
    });
    this.#registry = new Registry(store, this.#timeline, random(STREAMS.names));
    this.#controlPlane = new ControlPlane(this.#registry, this.#timeline, timing);
    const { kubelets } = this.#controlPlane;
    const cloudController = options.cloudController ?? false;
    this.#machineNodes = new MachineNodes(this.#registry, this.#timeline, kubelets, timing, cloudController);
    const cloudRandom = random(STREAMS.cloud);
    const { offerings, cloud = {} } = options;
    this.cloud = new SimulatedCloud(offerings, cloud, this.#timeline, cloudRandom, this.#machineNodes);
    const { index } = this.#controlPlane;
    if (options.reactiveAutoscaler)
      new ReactiveAutoscaler(this.#registry, index, this.#timeline, this.cloud, options.reactiveAutoscaler);
    if (options.customResources?.machines) new MachineGroups(this.#registry, this.#timeline, this.cloud);
    this.faults = new Faults(random(STREAMS.faults));
    this.metrics = new MetricsApi(store, options.metricsApi ?? true, (pod) => this.#usageShare(pod));
    this.#api = new ApiServer(
      this.#registry,
      this.metrics,
      options.authorizer ?? ALLOW_ALL,
      options.customResources ?? {},
      () => options.listItemsMax?.() ?? Number.POSITIVE_INFINITY,
    );

    createNamespaces(this.#registry, options.namespaces ?? []);
    this.clusterId = clusterIdOf(this.#registry);
    if (options.controlPlane === true) createControlPlaneNode(this.#registry);
    createDaemonSets(this.#registry, options.daemonPods ?? []);
    for (const nodes of options.initialNodes ?? []) this.#createInitialNodes(nodes);
    this.workload = this.#createWorkload();
    const gate = new CallGate(cloudCalls, cloudCalls.time === 'wall' ? systemClock : this.#clock);
    this.#mount = new CloudMount(new CloudHttpApi(this.cloud, gate), options.cloudToken ?? null, () => this.#settle());
    this.#settle();
  }

  nowMs(): number {
    return this.#timeline.nowMs();
  }

  /** Moves time on, and lets everything happen that is due until then. */
  step(nowMs: number): void {
    this.#timeline.advanceTo(
      nowMs,
      () => this.#settle(),
      (fromMs, toMs) => this.workload?.elapse(fromMs, toMs),
    );
    this.#clock.advanceTo(nowMs);
  }

  /** A request to the Kubernetes API without HTTP, as an administrator. The path may carry a query; a PATCH merges. */
  request(method: string, path: string, body?: Json): { readonly status: number; readonly body: string } {
    const url = new URL(path, 'http://localhost');
    const reply = this.#handle({
      method,
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      contentType: method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      body: body === undefined ? '' : JSON.stringify(body),
      user: { name: 'system:admin', groups: ['system:masters'] },
    });
    if (reply.type === 'watch') throw new TypeError('watches need a connection: use listen()');
    return { status: reply.status, body: reply.body };
  }

  /** All objects of a kind as they are now, each version of one an object of its own that must not be changed. */
  objects<K extends KindName>(kind: K): Iterable<ObjectTypes[K]> {
    return this.#registry.store.objects(kind);
  }

  /** Serves the Kubernetes API, and the cloud's under `/cloud/v1/`. Other machines are served only with tokens. */
  async listen(options: ListenOptions = {}): Promise<RunningServer> {
    const { host = '127.0.0.1', port = 0, bookmarkIntervalMs = 60_000, onError = rethrow } = options;
    const { users, cloudToken } = this.#options;
    if (!LOOPBACK_HOSTS.has(host) && (users === undefined || users.size === 0 || cloudToken === undefined)) {
      throw new RangeError(
        `listening on ${host} needs users and a cloud token; allowed without: 127.0.0.1, ::1, localhost`,
      );
    }
    return startHttpServer({
      host,
      port,
      bookmarkIntervalMs,
      onError,
      authenticate: authenticateByToken(users ?? new Map()),
      faults: this.faults,
      handle: (request) => this.#handle(request),
      mount: this.#mount,
    });
  }

  summary(): ClusterSummary {
    const nodes = [...this.#registry.store.objects('nodes')];
    const pods = [...this.#registry.store.objects('pods')];
    return {
      clusterId: this.clusterId,
      startMs: this.#options.startMs,
      nowMs: this.nowMs(),
      nodes: { total: nodes.length, ready: nodes.filter((node) => isTrue(node.status.conditions, 'Ready')).length },
      pods: {
        running: pods.filter((pod) => pod.status.phase === 'Running' && !isTerminating(pod)).length,
        pending: pods.filter((pod) => pod.status.phase === 'Pending' && !isTerminating(pod)).length,
        terminating: pods.filter(isTerminating).length,
      },
      machines: this.cloud.counts(),
      cost: this.cloud.cost(),
      workload: this.workload?.summary() ?? null,
    };
  }

  #handle(request: ApiRequest): ApiReply {
    const { revision } = this.#registry.store;
    const reply = this.#api.handle(request);
    if (this.#registry.store.revision !== revision) this.#settle();
    return reply;
  }

  #settle(): void {
    this.#controlPlane.settle();
  }

  #createInitialNodes(nodes: InitialNodes): void {
    const { offering, count, namePrefix = 'node', labels = {}, taints = [], pool = '', tagged = false } = nodes;
    for (let i = 0; i < count; i++) {
      const clusterTag = tagged ? this.clusterId : '';
      const nodeName = `${namePrefix}-${i}`;
      const machine = this.cloud.adopt({
        offering: { region: 'local', ...offering },
        nodeName,
        labels,
        taints,
        pool,
        clusterTag,
      });
      this.#machineNodes.join(machine, 0);
    }
  }

  #createWorkload(): TraceWorkload | null {
    const { workload } = this.#options;
    if (workload === undefined) return null;
    const { kubelets } = this.#controlPlane;
    return new TraceWorkload(workload, this.#registry, this.#timeline, (name) => !kubelets.isStopped(name));
  }

  #usageShare(pod: PodObject): number {
    return this.workload?.owns(pod) === true ? this.workload.usageShare() : USAGE_SHARE;
  }
}

function rethrow(error: unknown): void {
  throw error;
}

export function createSimulatedCluster(options: SimulatedClusterOptions): SimulatedCluster {
  return new SimulatedCluster(options);
}
