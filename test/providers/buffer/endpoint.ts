import { openProvider } from '@forescale/actuator/providers';
import { parseConfig, providersOf } from '@forescale/shared/config';
import { connectKubernetes } from '@forescale/shared/kubernetes';
import { ManualClock } from '@forescale/shared/time';
import {
  createSimulatedCluster,
  type SimulatedCluster,
  type SimulatedClusterOptions,
} from '@forescale/simulator/cluster';
import { NOT_APPLICABLE } from '../../../services/actuator/src/providers/buffer/not-applicable.ts';
import type { Endpoint, EndpointFault, Target } from '../target.ts';

const START_MS = Date.UTC(2026, 2, 2);
const OBJECTS = /deployments|capacitybuffers|podtemplates/;
const CALLS = {
  create: { methods: ['POST', 'PATCH'], path: OBJECTS },
  read: { methods: ['GET'], path: OBJECTS },
  terminate: { methods: ['DELETE'], path: OBJECTS },
} as const;

/** A cluster whose nodes somebody else owns; what there is of machines is nobody's business here. */
class BufferEndpoint implements Endpoint {
  showAfterMs = 0;
  pageSize = 1_000;
  readonly operations = new Set<string>();
  readonly cluster: SimulatedCluster;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock, options: Partial<SimulatedClusterOptions>) {
    this.#clock = clock;
    const namespaces = ['forescale'];
    this.cluster = createSimulatedCluster({ seed: 1, startMs: START_MS, offerings: [], namespaces, ...options });
  }

  fail(call: keyof typeof CALLS, fault: EndpointFault, times: number): void {
    const rule = { ...CALLS[call], times };
    const { faults } = this.cluster;
    if (fault === 'reset' || fault === 'lost')
      faults.add({ ...rule, action: { kind: 'reset', when: fault === 'lost' ? 'after' : 'before' } });
    else if (fault === 'throttled')
      faults.add({ ...rule, action: { kind: 'respond', status: 429, retryAfterSeconds: 7 } });
    else faults.add({ ...rule, action: { kind: 'respond', status: fault === 'auth' ? 403 : 503 } });
  }

  failAtRandom(share: number): void {
    this.cluster.faults.add({ path: OBJECTS, share, action: { kind: 'respond', status: 503 } });
  }

  /** Placeholders that are asked for, one by one. */
  running(): readonly string[] {
    const buffers = [...this.cluster.objects('capacitybuffers')].map(({ spec }) => spec.replicas ?? 0);
    const pods = [...this.cluster.objects('pods')].map(({ metadata }) => metadata.name);
    return [...buffers.flatMap((count) => Array.from({ length: count }, (_, i) => `buffer-${i}`)), ...pods];
  }

  sellOut(): void {
    throw new Error('nothing is sold here');
  }

  addStranger(): string {
    throw new Error('there are no machines here');
  }

  interrupt(): void {
    throw new Error('there are no machines here');
  }

  step(): void {
    this.cluster.step(this.#clock.nowMs());
  }
}

/** A fresh one, with nothing in it. */
export async function openBuffer(options: Partial<SimulatedClusterOptions> = {}, provider: object = {}) {
  const clock = new ManualClock(START_MS);
  const endpoint = new BufferEndpoint(clock, options);
  const server = await endpoint.cluster.listen();
  const text = JSON.stringify({ autoscaler: { pools: [{ provider: { kind: 'buffer', ...provider } }] } });
  const [pool] = parseConfig(text, 'test', {}).pools;
  const [config] = pool ? providersOf(pool.provider).values() : [];
  if (!config) throw new Error('no provider');
  const kube = connectKubernetes({ kubeconfig: null, context: null, url: server.url });
  const none = { provider: '', instanceType: 'none', region: 'local', zone: 'local' } as const;
  return {
    ...{ config, provider: await openProvider(config, { clock, kube }), clock, endpoint },
    onDemand: { ...none, capacityType: 'on_demand', usdPerHour: 0, allocatable: null, interruption: null },
    ...{ spot: null, notApplicable: NOT_APPLICABLE },
    close: () => server.close(),
  } satisfies Target;
}
