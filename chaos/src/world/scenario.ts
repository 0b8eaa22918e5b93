import { type Config, POOL_LABEL, type PoolConfig, parseConfig } from '@forescale/shared/config';
import { seededRandom } from '@forescale/shared/time';
import { createSimulatedCluster, type SimulatedCluster } from '@forescale/simulator/cluster';
import type { Surge } from '../faults/fault.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A Monday. */
export const START_MS = Date.UTC(2026, 0, 5);
export const DAY_MS = 24 * HOUR_MS;
export const POOL = 'web';
export const SIGNAL = 'rps';
export const TICK_MS = MINUTE_MS;

/** What a node carries of the signal. */
export const CAPACITY_PER_NODE = 100;

const configText = (limits: string) => `autoscaler:
  pools:
    - name: ${POOL}
      mode: enforce
      provider: { kind: simulated, url: "http://127.0.0.1:1", concurrency: 20${limits} }
      signals: [{ name: ${SIGNAL}, capacity_per_node: ${CAPACITY_PER_NODE} }]
      lead_time: 2m
      template: { allocatable: { cpu: "4", memory: 16Gi, pods: 58 } }
      scale_down: { unneeded: 3m, after_scale_up: 3m, after_failure: 1m, drain_grace: 5m }
      spot: { share: 0.5, on_demand_base: 1 }
      bounds: { min_nodes: 2, max_nodes: 8 }
      policies:
        day: { time_range: "07:30-20:30", min_nodes: 3, max_nodes: 12 }
      offerings:
        - { instance_type: m4, zone: a, usd_per_hour: 0.20 }
        - { instance_type: m4, zone: b, usd_per_hour: 0.21 }
        - { instance_type: m4, zone: c, usd_per_hour: 0.22 }
        - { instance_type: m4, zone: a, capacity_type: spot, usd_per_hour: 0.08 }
        - { instance_type: m4, zone: b, capacity_type: spot, usd_per_hour: 0.08 }
`;

const config = parseConfig(configText(''), 'chaos', {});
const pacedConfig = parseConfig(configText(', rate_per_second: 0.1'), 'chaos', {});
export const pool = config.pools[0] as PoolConfig;

/** On every eighth seed the provider may be called but once in 10 s: what a tick has no room for waits for the next. */
export function configOf(seed: number): Config {
  return seed % 8 === 7 ? pacedConfig : config;
}

/** Of the most that the pool may have by day, more than it can carry by night. */
const LOAD_MAX = 11.5 * CAPACITY_PER_NODE;

/** The load of one day: low at night, a hump of several nodes by day, smooth noise, and surges; drawn from the seed. */
export function loadOf(seed: number, surges: readonly Surge[]): (nowMs: number) => number {
  const random = seededRandom(seed ^ 0x10ad);
  const low = 1.2 + random.next();
  const high = 3 + 5.5 * random.next();
  const peakHour = 11 + 5 * random.next();
  const wiggles = Array.from({ length: 4 }, () => ({ period: 0.7 + 4 * random.next(), phase: 7 * random.next() }));
  return (nowMs) => {
    const hour = (nowMs - START_MS) / HOUR_MS;
    const hump = Math.exp(-(((hour - peakHour) / 4.5) ** 2));
    const noise = wiggles.reduce((sum, { period, phase }) => sum + Math.sin((2 * Math.PI * hour) / period + phase), 0);
    const factor = Math.max(
      1,
      ...surges.filter((one) => nowMs >= one.fromMs && nowMs < one.untilMs).map((one) => one.factor),
    );
    return Math.min(
      LOAD_MAX,
      factor * CAPACITY_PER_NODE * Math.max(0.3, (low + (high - low) * hump) * (1 + 0.04 * noise)),
    );
  };
}

export function createCluster(seed: number): SimulatedCluster {
  const random = seededRandom(seed ^ 0xc1a5);
  return createSimulatedCluster({
    seed,
    startMs: START_MS,
    offerings: pool.offerings.map(({ allocatable, interruption: _, ...offering }) => ({
      ...offering,
      allocatable: allocatable ?? pool.template.allocatable,
      boot: { kind: 'lognormal', p50Ms: 60_000, p95Ms: 100_000 },
    })),
    initialNodes: [
      {
        offering: { instanceType: 'm4', zone: 'a', capacityType: 'on_demand' },
        count: 2,
        namePrefix: `${POOL}-initial`,
        labels: { [POOL_LABEL]: POOL },
        pool: POOL,
        tagged: true,
      },
    ],
    controlPlane: true,
    daemonPods: [{ name: 'agent', requests: { cpuMillicores: 100, memoryBytes: 2 ** 28 } }],
    cloud: {
      terminationMs: Math.round(180_000 * random.next()),
      visibilityDelayMs: random.below(2) === 0 ? 0 : Math.round(150_000 * random.next()),
    },
    metricsApi: false,
  });
}
