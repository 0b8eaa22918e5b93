import { openProvider } from '@forescale/actuator/providers';
import { type OfferingConfig, parseConfig, providersOf } from '@forescale/shared/config';
import { connectKubernetes } from '@forescale/shared/kubernetes';
import { ManualClock } from '@forescale/shared/time';
import { type AccessRequest, createSimulatedCluster, type SimulatedCluster } from '@forescale/simulator/cluster';
import { NOT_APPLICABLE } from '../../../services/actuator/src/providers/clusterapi/not-applicable.ts';
import type { Endpoint, EndpointFault, Target } from '../target.ts';

const START_MS = Date.UTC(2026, 2, 2);
const GIB = 2 ** 30;
const VERSION = 'v1beta2';
const NAMESPACE = 'default';
const MAX_SIZE = 'cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size';
const SMALL = {
  instanceType: 'small',
  region: 'local',
  zone: 'a',
  capacityType: 'on_demand',
  usdPerHour: 0.1,
} as const;
const ON_DEMAND: OfferingConfig = { provider: '', ...SMALL, allocatable: null, interruption: null };

const CALLS = {
  create: { methods: ['PATCH'], path: /\/scale\?/ },
  read: { methods: ['GET'], path: /\/machines(\/|\?|$)/ },
  terminate: { methods: ['PATCH'], path: /\/machines\// },
} as const;

/** A management cluster that manages itself, with one MachineDeployment. */
class ClusterApiEndpoint implements Endpoint {
  showAfterMs = 0;
  pageSize = 1_000;
  readonly operations = new Set<string>();
  readonly cluster: SimulatedCluster;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock, versions: readonly string[] = [VERSION]) {
    this.#clock = clock;
    const allocatable = { cpuMillicores: 4_000, memoryBytes: 16 * GIB, pods: 110, gpus: 0 };
    this.cluster = createSimulatedCluster({
      seed: 1,
      startMs: START_MS,
      offerings: [{ ...SMALL, allocatable, boot: { kind: 'fixed', ms: 30_000 } }],
      customResources: { machines: versions, machinedeployments: versions, machinepools: versions },
      cloud: { terminationMs: 20_000 },
      listItemsMax: () => this.pageSize,
      authorizer: { allows: (user, request) => this.#note(user.name, request) },
    });
    this.post('machinedeployments', {
      metadata: { name: 'md-0' },
      spec: {
        clusterName: 'c',
        replicas: 0,
        selector: { matchLabels: {} },
        template: { spec: { clusterName: 'c', infrastructureRef: { name: 'small' }, failureDomain: 'a' } },
      },
    });
  }

  /** All but the test's own requests. */
  #note(user: string, { verb, group, resource, subresource }: AccessRequest): boolean {
    const name = `${verb} ${resource}${subresource && `/${subresource}`}${group && `.${group}`}`;
    if (user !== 'system:admin') this.operations.add(name);
    return true;
  }

  get root(): string {
    return `/apis/cluster.x-k8s.io/${VERSION}/namespaces/${NAMESPACE}`;
  }

  post(kind: string, body: Parameters<SimulatedCluster['request']>[2]): void {
    this.#call('POST', kind, body);
  }

  patch(path: string, body: Parameters<SimulatedCluster['request']>[2]): void {
    this.#call('PATCH', path, body);
  }

  #call(method: string, path: string, body: Parameters<SimulatedCluster['request']>[2]): void {
    const reply = this.cluster.request(method, `${this.root}/${path}`, body);
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.body}`);
  }

  get replicas(): number {
    const [group] = this.cluster.objects('machinedeployments');
    return group?.spec.replicas ?? 0;
  }

  fail(call: keyof typeof CALLS, fault: EndpointFault, times: number): void {
    const rule = { ...CALLS[call], times };
    const { faults } = this.cluster;
    if (fault === 'capacity') this.sellOut();
    // Whoever has set up the group lets it grow no further.
    else if (fault === 'quota')
      this.patch('machinedeployments/md-0', { metadata: { annotations: { [MAX_SIZE]: String(this.replicas) } } });
    else if (fault === 'reset' || fault === 'lost')
      faults.add({ ...rule, action: { kind: 'reset', when: fault === 'lost' ? 'after' : 'before' } });
    else if (fault === 'throttled')
      faults.add({ ...rule, action: { kind: 'respond', status: 429, retryAfterSeconds: 7 } });
    else faults.add({ ...rule, action: { kind: 'respond', status: fault === 'auth' ? 401 : 503 } });
  }

  failAtRandom(share: number): void {
    const { faults } = this.cluster;
    for (const action of [
      { kind: 'reset', when: 'before' },
      { kind: 'reset', when: 'after' },
      { kind: 'respond', status: 503 },
      { kind: 'respond', status: 429 },
    ] as const)
      faults.add({ path: /cluster\.x-k8s\.io/, share: share / 4, action });
  }

  sellOut(): void {
    const [offering] = this.cluster.cloud.offerings();
    this.cluster.cloud.setCapacity(offering?.id ?? '', 0);
  }

  running(): readonly string[] {
    const names = new Map([...this.cluster.objects('machines')].map(({ metadata }) => [metadata.uid, metadata.name]));
    return this.cluster.cloud
      .list()
      .filter(({ state }) => state === 'starting' || state === 'running')
      .map(({ token }) => names.get(token) ?? token);
  }

  addStranger(): string {
    const labels = { 'cluster.x-k8s.io/deployment-name': 'of-somebody-else' };
    const spec = { clusterName: 'c', infrastructureRef: { name: 'small' }, failureDomain: 'a' };
    this.post('machines', { metadata: { name: 'stranger', labels }, spec });
    return 'stranger';
  }

  interrupt(machineId: string): void {
    const made = this.cluster.cloud.list().find(({ nodeName }) => nodeName === machineId);
    if (made) this.cluster.cloud.reclaim(made.id);
  }

  step(): void {
    this.cluster.step(this.#clock.nowMs());
  }
}

/** A fresh one, with nothing in it. */
export async function openClusterApi(groups: readonly object[] = [{ name: 'md-0', instance_type: 'small' }]) {
  const clock = new ManualClock(START_MS);
  const endpoint = new ClusterApiEndpoint(clock);
  const server = await endpoint.cluster.listen();
  const text = JSON.stringify({ autoscaler: { pools: [{ provider: { kind: 'clusterapi', groups } }] } });
  const [pool] = parseConfig(text, 'test', {}).pools;
  const [config] = pool ? providersOf(pool.provider).values() : [];
  if (!config) throw new Error('no provider');
  const kube = connectKubernetes({ kubeconfig: null, context: null, url: server.url });
  const provider = await openProvider(config, { clock, kube });
  return {
    ...{ config, provider, clock, endpoint, url: server.url },
    ...{ onDemand: ON_DEMAND, spot: null, notApplicable: NOT_APPLICABLE },
    close: () => server.close(),
  } satisfies Target & { readonly url: string };
}
