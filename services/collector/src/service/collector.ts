import { type Bus, type BusMessage, BusUnavailableError, type Subscription } from '@forescale/shared/bus';
import type { Config } from '@forescale/shared/config';
import type { Sample } from '@forescale/shared/domain';
import type { ClusterReader } from '@forescale/shared/kubernetes';
import type { Readiness } from '@forescale/shared/service';
import { type Health, type Store, StoreRejectedError } from '@forescale/shared/store';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';
import { decodeKpi, streams, WireError } from '@forescale/shared/wire';
import { clusterSamples } from '../sources/cluster-samples.ts';
import type { TraceSource } from '../sources/trace-source.ts';
import { SampleWriter } from './writer.ts';

/** A KPI may be this much ahead of our clock, for clocks that differ; more is a mistake of its unit or zone. */
const AHEAD_MS_MAX = 5 * 60_000;

export interface CollectorParts {
  readonly config: Config;
  readonly store: Store;
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
  const writer = new SampleWriter(parts.store, bus, instruments, log);
  const pools = new Set(config.pools.map((pool) => pool.name));
  let usageMissing = false;
  let kpis: Subscription | null = null;
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
          batch: 1_000,
          // A simulation waits for each sample, so it must not sit in a half-full batch.
          maxWaitMs: config.clock.source === 'bus' ? 0 : 200,
          ackWaitMs: 30_000,
        },
        // Acknowledged when this resolves: only once the samples are in the store.
        async (batch) => writeAccepted(batch.map(accept).filter((sample) => sample !== null)),
      );
      return { ok: true };
    } catch (error) {
      if (!(error instanceof BusUnavailableError)) throw error;
      return { ok: false, reason: error.message };
    }
  }

  /** A sample that the store refuses would come again for ever, and hold up all behind it: it is dropped, and counted. */
  async function writeAccepted(samples: readonly Sample[]): Promise<void> {
    try {
      await writer.write(samples);
    } catch (error) {
      if (!(error instanceof StoreRejectedError)) throw error;
      const [first] = samples;
      if (samples.length <= 1) {
        instruments.samplesDropped.add(samples.length, { reason: 'refused by the store' });
        log.warn({ pool: first?.pool, signal: first?.signal }, `KPI refused by the store: ${error.message}`);
        return;
      }
      const half = samples.length >>> 1;
      await writeAccepted(samples.slice(0, half));
      await writeAccepted(samples.slice(half));
    }
  }

  function accept(message: BusMessage): Sample | null {
    try {
      const nowMs = clock.nowMs();
      const sample = decodeKpi(message.subject, message.data, nowMs);
      if (!pools.has(sample.pool))
        throw new WireError(`subject = ${message.subject}: allowed pools: ${[...pools].join(', ')}`);
      if (sample.timeMs > nowMs + AHEAD_MS_MAX) {
        throw new WireError(
          `time = ${new Date(sample.timeMs).toISOString()}: allowed: at most 5 min ahead of ${new Date(nowMs).toISOString()}`,
        );
      }
      return sample;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      instruments.samplesDropped.add(1, { reason: 'refused' });
      log.warn({ subject: message.subject }, `KPI refused: ${error.message}`);
      return null;
    }
  }

  async function fromCluster(cluster: ClusterReader, nowMs: number): Promise<Sample[]> {
    const [state, usage] = await Promise.all([cluster.read(nowMs), cluster.usage()]);
    if ((usage === null) !== usageMissing) {
      usageMissing = usage === null;
      log[usageMissing ? 'warn' : 'info'](
        usageMissing
          ? 'the cluster serves no metrics.k8s.io: real use is not collected'
          : 'metrics.k8s.io is served again',
      );
    }
    return config.pools.flatMap((pool) => clusterSamples(state, usage, pool));
  }

  return {
    async tick(nowMs) {
      const samples = parts.traces.flatMap((trace) => trace.until(nowMs));
      if (parts.cluster) {
        const read = await settle(fromCluster(parts.cluster, nowMs));
        readiness.set('kubernetes', read.health);
        samples.push(...(read.value ?? []));
      }
      const written = await settle(writer.writeOrKeep(samples));
      readiness.set('store', written.health);
      readiness.set('bus', await followKpis());
      if (written.error instanceof StoreRejectedError) throw written.error;
    },
    async stop() {
      await kpis?.stop();
    },
  };
}

/** A failure as something to report rather than to end the tick with. */
async function settle<T>(work: Promise<T>): Promise<{ value?: T; health: Health; error?: unknown }> {
  try {
    return { value: await work, health: { ok: true } };
  } catch (error) {
    return { health: { ok: false, reason: error instanceof Error ? error.message : String(error) }, error };
  }
}
