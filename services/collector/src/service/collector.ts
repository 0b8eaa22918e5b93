import { type Bus, type BusMessage, BusUnavailableError, type Subscription } from '@forescale/shared/bus';
import type { Config } from '@forescale/shared/config';
import type { ClusterState, Sample } from '@forescale/shared/domain';
import type { ClusterReader } from '@forescale/shared/kubernetes';
import type { Readiness } from '@forescale/shared/service';
import type { Health, Store } from '@forescale/shared/store';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';
import { streams } from '@forescale/shared/wire';
import { clusterSamples } from '../sources/cluster-samples.ts';
import { acceptKpis } from '../sources/kpis.ts';
import type { TraceSource } from '../sources/trace-source.ts';
import { workloadPoints } from '../sources/workload-points.ts';
import type { Spool } from '../spool/index.ts';
import { Announcer } from './announcer.ts';
import { SampleWriter } from './writer.ts';

const WORKLOADS_EVERY_MS = 300_000;
const POINTS_MAX = 5_000;
/** In one batch from the bus: one write, or one row of the spool. */
const KPIS_MAX = 5_000;

export interface CollectorParts {
  readonly config: Config;
  readonly store: Store;
  /** Where samples wait while the store is away, closed when the collector stops; null: in the bus and in memory. */
  readonly spool: Spool | null;
  readonly bus: Bus;
  /** Null: no cluster to watch. */
  readonly cluster: ClusterReader | null;
  readonly traces: readonly TraceSource[];
  readonly clock: Clock;
  readonly readiness: Readiness;
  readonly instruments: Instruments;
  readonly log: Log;
}

export interface Collector {
  tick(nowMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the consumer of `forescale.v1.kpi.>`; the other sources are read at every tick. */
export async function startCollector(parts: CollectorParts): Promise<Collector> {
  const { config, bus, clock, instruments, log, readiness } = parts;
  const { store, spool } = parts;
  const writer = new SampleWriter({ store, spool, announcer: new Announcer(bus, log), instruments, log });
  const pools = new Set(config.pools.map((pool) => pool.name));
  const away = new Set<string>();
  let usageMissing = false;
  let workloadsMs = Number.NEGATIVE_INFINITY;
  let kpis: Subscription | null = null;
  if (spool !== null && spool.samples > 0) {
    log.info({ samples: spool.samples }, 'spool: samples of an earlier run are written first');
    void writer.drain();
  }
  // In a simulation nobody knows what time it is before the first tick, so nothing can be called ahead of it.
  if (config.clock.source === 'system') await followKpis();

  /** Where the bus is away at the start, every tick tries again; once there, the consumer outlives its outages. */
  async function followKpis(): Promise<Health> {
    if (kpis) return bus.health();
    try {
      await bus.ensureStream(streams.kpi);
      kpis = await bus.consume(
        {
          stream: streams.kpi.name,
          durable: 'collector',
          batch: KPIS_MAX,
          // A simulation waits for each sample, so it must not sit in a half-full batch.
          maxWaitMs: config.clock.source === 'bus' ? 0 : 200,
          ackWaitMs: 30_000,
        },
        // Acknowledged when this resolves: only once the samples are in the store or on the disk.
        writeKpis,
      );
      return { ok: true };
    } catch (error) {
      if (!(error instanceof BusUnavailableError)) throw error;
      return { ok: false, reason: error.message };
    }
  }

  async function writeKpis(batch: readonly BusMessage[]): Promise<void> {
    const { samples, refusals } = acceptKpis(batch, pools, clock.nowMs());
    if (refusals.length > 0) {
      instruments.samplesDropped.add(refusals.length, { reason: 'refused' });
      // One line a batch: whoever publishes nonsense does so a thousand times a second.
      log.warn({ dropped: refusals.length }, `KPI refused: ${refusals[0]}`);
    }
    await writer.write(samples);
  }

  /** Tells `/readyz` at every tick, and the log when it changes. */
  function note(part: string, health: Health): void {
    readiness.set(part, health);
    if (health.ok && away.delete(part)) log.info({ part }, `${part}: back`);
    if (health.ok || away.has(part)) return;
    away.add(part);
    log.warn({ part }, `${part}: ${health.reason}`);
  }

  async function fromCluster(cluster: ClusterReader, nowMs: number): Promise<Sample[]> {
    // What is requested matters more than what is used, and must not be lost with it.
    const [state, usage] = await Promise.all([cluster.read(nowMs), settle(cluster.usage())]);
    const used = usage.value ?? null;
    if ((used === null) !== usageMissing) {
      usageMissing = used === null;
      const reason = usage.health.ok ? 'not served' : usage.health.reason;
      if (usageMissing) log.warn(`metrics.k8s.io: ${reason}: real use is not collected`);
      else log.info('metrics.k8s.io: real use is collected again');
    }
    if (used !== null) await keepWorkloads(cluster, state);
    return config.pools.flatMap((pool) => clusterSamples(state, used, pool));
  }

  /** What workloads use is for looking back over days: a few points an hour do, and a lost one is no loss. */
  async function keepWorkloads(cluster: ClusterReader, state: ClusterState): Promise<void> {
    if (state.atMs - workloadsMs < WORKLOADS_EVERY_MS) return;
    workloadsMs = state.atMs;
    const usage = await settle(cluster.podUsage());
    const points = config.pools.flatMap((pool) => workloadPoints(state, usage.value ?? new Map(), pool));
    for (let from = 0; from < points.length; from += POINTS_MAX)
      await settle(store.write(points.slice(from, from + POINTS_MAX)));
  }

  return {
    async tick(nowMs) {
      const samples = parts.traces.flatMap((trace) => trace.until(nowMs));
      if (parts.cluster) {
        const read = await settle(fromCluster(parts.cluster, nowMs));
        note('kubernetes', read.health);
        samples.push(...(read.value ?? []));
      }
      const written = await settle(writer.writeOrKeep(samples));
      const health = writer.health;
      // A failure that is of neither is a mistake of ours, and shows all the same.
      note('store', health.store.ok && health.spool.ok ? written.health : health.store);
      note('spool', health.spool);
      instruments.samplesWaiting.record(spool?.samples ?? 0);
      note('bus', await followKpis());
    },
    async stop() {
      await kpis?.stop();
      await writer.stop();
    },
  };
}

/** A failure as something to report rather than to end the tick with. */
async function settle<T>(work: Promise<T>): Promise<{ value?: T; health: Health }> {
  try {
    return { value: await work, health: { ok: true } };
  } catch (error) {
    return { health: { ok: false, reason: error instanceof Error ? error.message : String(error) } };
  }
}
