import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Executor, type Order } from '@forescale/actuator/execute';
import {
  type CreateResult,
  type MachineProvider,
  type MachineRequest,
  openProvider,
} from '@forescale/actuator/providers';
import { CallBook } from '@forescale/actuator/service';
import { type Config, type PoolConfig, parseConfig } from '@forescale/shared/config';
import { connectKubernetes, createClusterWriter } from '@forescale/shared/kubernetes';
import { createSqliteState } from '@forescale/shared/state';
import { silentInstruments } from '@forescale/shared/telemetry';
import { seededRandom, systemClock } from '@forescale/shared/time';
import { createSimulatedCluster } from '@forescale/simulator/cluster';

const CLUSTER_TAG = 'bench';
const GIB = 2 ** 30;

/** A call that asks for a machine, in milliseconds since the first was sent. */
export interface CreateCall {
  readonly sentMs: number;
  /** Null: refused, or given up. */
  readonly answeredMs: number | null;
}

/** A pool on a cloud of its own, with everything that stands between them in a running service. */
export interface World {
  /** Orders so many nodes in one plan; resolves once all is answered and written down. */
  order(nodes: number): Promise<void>;
  readonly calls: readonly CreateCall[];
  /** Machines that there are, and that the journal knows. */
  counts(): { readonly machines: number; readonly recorded: number };
  close(): Promise<void>;
}

/**
 * The executor with a journal in SQLite, and the calls with the limits of a service, over HTTP to a simulated cloud that
 * answers after `latencyMs`. With a rate the cloud allows as many calls a second, and the pool is configured not to make more.
 */
export async function openWorld(latencyMs: number, ratePerSecond: number | null, onAnswer: () => void): Promise<World> {
  const cluster = createSimulatedCluster({
    seed: 1,
    startMs: systemClock.nowMs(),
    offerings: [
      {
        instanceType: 'small',
        zone: 'local',
        capacityType: 'on_demand',
        usdPerHour: 0.1,
        allocatable: { cpuMillicores: 4_000, memoryBytes: 16 * GIB, pods: 110, gpus: 0 },
      },
    ],
    cloudCalls: {
      time: 'wall',
      createLatencyMs: latencyMs,
      ...(ratePerSecond !== null && { createsPerSecond: ratePerSecond }),
    },
  });
  const server = await cluster.listen();
  const directory = await mkdtemp(join(tmpdir(), 'forescale-bench-'));
  const config = configOn(server.url, ratePerSecond);
  const pool = config.pools[0] as PoolConfig;
  const calls: CreateCall[] = [];
  const random = seededRandom(1);
  const state = await createSqliteState({ path: join(directory, 'state.db'), bucket: 'actuator' });
  const executor = new Executor({
    pool,
    machines: await new CallBook({
      ...{ clock: systemClock, ioClock: systemClock, random, instruments: silentInstruments() },
    }).machines(pool.provider, async (config) =>
      watched(await openProvider(config, { clock: systemClock, kube: null }), calls, onAnswer),
    ),
    writer: createClusterWriter(connectKubernetes({ ...config.kubernetes, url: server.url })),
    state,
    clock: systemClock,
    random,
    tickMs: config.clock.tickMs,
    isCurrent: async () => true,
    mayBegin: () => true,
  });
  const [offering] = pool.offerings;
  return {
    async order(nodes) {
      const nowMs = systemClock.nowMs();
      const cluster = { atMs: nowMs, nodes: [], pods: [] };
      await executor.settle(CLUSTER_TAG, cluster, 'all', nowMs);
      const orders: Order[] = offering ? [{ kind: 'create', offering, count: nodes, why: 'bench' }] : [];
      await executor.perform(CLUSTER_TAG, orders, 1, cluster, 'all', nowMs);
      const { troubles, failures } = executor.takeNews();
      const trouble = failures[0]?.message ?? troubles[0];
      if (trouble !== undefined) throw new Error(`not every node was asked for: ${trouble}`);
    },
    get calls() {
      const firstMs = Math.min(...calls.map(({ sentMs }) => sentMs));
      return calls.map(({ sentMs, answeredMs }) => ({
        sentMs: sentMs - firstMs,
        answeredMs: answeredMs === null ? null : answeredMs - firstMs,
      }));
    },
    counts: () => ({
      machines: cluster.cloud.counts().created,
      recorded: executor.records.filter((record) => record.state === 'requested').length,
    }),
    async close() {
      await state.close();
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function configOn(url: string, ratePerSecond: number | null): Config {
  const pool = {
    name: 'bench',
    mode: 'enforce',
    provider: { kind: 'simulated', url, ...(ratePerSecond !== null && { rate_per_second: ratePerSecond }) },
    offerings: [{ instance_type: 'small', zone: 'local', usd_per_hour: 0.1 }],
  };
  return parseConfig(JSON.stringify({ autoscaler: { pools: [pool] } }), 'bench', {});
}

/** The provider, with every call that asks for a machine written down. */
function watched(provider: MachineProvider, calls: CreateCall[], onAnswer: () => void): MachineProvider {
  return {
    kind: provider.kind,
    find: (requestId, place, signal) => provider.find(requestId, place, signal),
    list: (clusterTag, signal) => provider.list(clusterTag, signal),
    terminate: (machineId, place, signal) => provider.terminate(machineId, place, signal),
    interruptions: (clusterTag, signal) => provider.interruptions(clusterTag, signal),
    async create(request: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
      const sentMs = performance.now();
      const index = calls.push({ sentMs, answeredMs: null }) - 1;
      const result = await provider.create(request, signal);
      calls[index] = { sentMs, answeredMs: performance.now() };
      onAnswer();
      return result;
    },
  };
}
