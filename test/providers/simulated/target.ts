import { openProvider } from '@forescale/actuator/providers';
import { type OfferingConfig, parseConfig, providersOf } from '@forescale/shared/config';
import { ManualClock } from '@forescale/shared/time';
import { createSimulatedCluster, type SimulatedCluster } from '@forescale/simulator/cluster';
import { NOT_APPLICABLE } from '../../../services/actuator/src/providers/simulated/not-applicable.ts';
import type { Endpoint, EndpointFault, Target } from '../target.ts';

const START_MS = Date.UTC(2026, 2, 2);
const GIB = 2 ** 30;
const METHODS = { create: 'POST', read: 'GET', terminate: 'DELETE' } as const;
const SMALL = { instanceType: 'small', region: 'local', zone: 'a' } as const;

const offering = (capacityType: 'on_demand' | 'spot', usdPerHour: number): OfferingConfig => ({
  ...{ provider: '', ...SMALL, capacityType, usdPerHour, allocatable: null, interruption: null },
});
const ON_DEMAND = offering('on_demand', 0.1);
const SPOT = offering('spot', 0.03);

/** The simulated cloud, over HTTP, as an end point. */
class SimulatedEndpoint implements Endpoint {
  showAfterMs = 0;
  pageSize = 1_000;
  readonly operations: ReadonlySet<string> = new Set();
  readonly cluster: SimulatedCluster;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    const shownAfterMs = () => this.showAfterMs;
    const allocatable = { cpuMillicores: 4_000, memoryBytes: 16 * GIB, pods: 110, gpus: 0 };
    const sold = { allocatable, boot: { kind: 'fixed', ms: 30_000 } } as const;
    this.#clock = clock;
    this.cluster = createSimulatedCluster({
      seed: 1,
      startMs: START_MS,
      offerings: [
        { ...SMALL, capacityType: 'on_demand', usdPerHour: 0.1, ...sold },
        { ...SMALL, capacityType: 'spot', usdPerHour: 0.03, ...sold },
      ],
      cloud: {
        terminationMs: 30_000,
        get visibilityDelayMs() {
          return shownAfterMs();
        },
      },
    });
  }

  fail(call: 'create' | 'read' | 'terminate', fault: EndpointFault, times: number): void {
    const { cloud, faults } = this.cluster;
    const rule = { methods: [METHODS[call]], times };
    if (fault === 'capacity' || fault === 'quota') cloud.faults.plan({ fate: fault, times });
    else if (fault === 'reset' || fault === 'lost')
      faults.add({ ...rule, action: { kind: 'reset', when: fault === 'lost' ? 'after' : 'before' } });
    else if (fault === 'throttled')
      faults.add({ ...rule, action: { kind: 'respond', status: 429, retryAfterSeconds: 7 } });
    else faults.add({ ...rule, action: { kind: 'respond', status: fault === 'auth' ? 401 : 503 } });
  }

  failAtRandom(share: number): void {
    for (const action of [
      { kind: 'reset', when: 'before' },
      { kind: 'reset', when: 'after' },
      { kind: 'respond', status: 503 },
    ] as const)
      this.cluster.faults.add({ share: share / 3, action });
  }

  sellOut({ capacityType }: OfferingConfig): void {
    const times = Number.POSITIVE_INFINITY;
    this.cluster.cloud.faults.plan({ fate: 'capacity', times, offering: (one) => one.capacityType === capacityType });
  }

  running(): readonly string[] {
    const { showAfterMs } = this;
    this.showAfterMs = 0;
    const alive = this.cluster.cloud.list({}).filter(({ state }) => state === 'starting' || state === 'running');
    this.showAfterMs = showAfterMs;
    return alive.map(({ id }) => id);
  }

  addStranger(): string {
    const names = {
      token: 'stranger',
      requestId: 'stranger',
      nodeName: 'stranger',
      clusterTag: 'other',
      pool: 'other',
    };
    const { capacityType } = ON_DEMAND;
    return this.cluster.cloud.create({ ...names, labels: {}, taints: [], offering: { ...SMALL, capacityType } }).id;
  }

  interrupt(machineId: string, kind: 'reclaim' | 'rebalance'): void {
    if (kind === 'reclaim') this.cluster.cloud.reclaim(machineId);
    else this.cluster.cloud.recommendRebalance(machineId);
  }

  step(): void {
    this.cluster.step(this.#clock.nowMs());
  }
}

export async function openSimulated(): Promise<Target> {
  // The cluster's days begin at the start of its own time.
  const clock = new ManualClock(START_MS);
  const endpoint = new SimulatedEndpoint(clock);
  const server = await endpoint.cluster.listen();
  const text = JSON.stringify({ autoscaler: { pools: [{ provider: { kind: 'simulated', url: server.url } }] } });
  const [pool] = parseConfig(text, 'test', {}).pools;
  const [config] = pool ? providersOf(pool.provider).values() : [];
  if (!config) throw new Error('no provider');
  return {
    ...{ config, provider: await openProvider(config, { clock, kube: null }), clock, endpoint },
    ...{ onDemand: ON_DEMAND, spot: SPOT, notApplicable: NOT_APPLICABLE },
    close: () => server.close(),
  };
}
