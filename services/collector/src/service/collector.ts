import type { Bus } from '@forescale/shared/bus';
import type { Config } from '@forescale/shared/config';
import type { Sample } from '@forescale/shared/domain';
import { type Readiness, runTicks } from '@forescale/shared/service';
import type { Health, Store } from '@forescale/shared/store';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';
import type { FastifyInstance } from 'fastify';
import { pushRoutes } from '../push/index.ts';
import { readKpis } from '../sources/kpis.ts';
import type { PulledSource } from '../sources/source.ts';
import type { Spool } from '../spool/index.ts';
import { Announcer } from './announcer.ts';
import { collecting, tracesOf } from './collecting.ts';
import { Intake } from './intake.ts';
import { KpiConsumer } from './kpi-consumer.ts';
import { Schedule } from './schedule.ts';
import { SourceBook } from './source-book.ts';
import { SourceReporter } from './source-reporter.ts';
import { SampleWriter } from './writer.ts';

/** Without it nothing is scaled; without another source, only some signals are missing. */
const CLUSTER = 'kubernetes';

export interface CollectorParts {
  readonly config: Config;
  readonly store: Store;
  /** Where samples wait while the store is away, closed when the collector stops; null: in the bus and in memory. */
  readonly spool: Spool | null;
  readonly bus: Bus;
  /** What is asked for samples, the cluster among them. */
  readonly sources: readonly PulledSource[];
  readonly clock: Clock;
  /** Measures the time-outs of sources. */
  readonly ioClock: Clock;
  readonly readiness: Readiness;
  readonly instruments: Instruments;
  readonly log: Log;
}

export interface Collector {
  /** Adds what takes samples over HTTP. */
  routes(app: FastifyInstance): Promise<void>;
  tick(nowMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the consumer of `forescale.v1.kpi.>`; the other sources are asked at every tick, or more often where they say so. */
export async function startCollector(parts: CollectorParts): Promise<Collector> {
  const { config, bus, clock, instruments, log, readiness, store, spool } = parts;
  const isLive = config.clock.source === 'system';
  const isTraced = config.telemetry.traces !== null;
  const writer = new SampleWriter({ store, spool, announcer: new Announcer(bus, log), instruments, log });
  const book = new SourceBook(config);
  const intake = new Intake({ config, book, instruments, log });
  const reporter = new SourceReporter({ book, bus, clock, readiness, instruments });
  const schedule = new Schedule(parts.sources, parts.ioClock);
  let taken: Promise<unknown> = Promise.resolve();
  // A simulation waits for each sample, so it must not sit in a half-full batch.
  const kpis = new KpiConsumer(bus, isLive ? 200 : 0, (batch) => {
    const nowMs = clock.nowMs();
    const { samples } = intake.take('nats', readKpis(batch, nowMs), nowMs);
    const senders = isTraced ? tracesOf(batch) : [];
    // Of two batches under way the older is written first.
    const written = taken.then(() => collecting('nats', samples, senders, () => writer.write(samples)));
    taken = settle(written);
    return written;
  });
  const away = new Set<string>();
  const stopping = new AbortController();
  let keeping: Promise<unknown> = Promise.resolve();
  if (spool !== null && spool.samples > 0) {
    log.info({ samples: spool.samples }, 'spool: samples of an earlier run are written first');
    void writer.drain();
  }
  // In a simulation nobody knows what time it is before the first tick, so nothing can be called ahead of it.
  if (isLive) await kpis.follow();
  const between =
    isLive && schedule.pollMs !== null && schedule.pollMs < config.clock.tickMs
      ? runTicks(clock, schedule.pollMs, gather, log, stopping.signal)
      : Promise.resolve();

  /** Tells the log when it changes, and `/readyz` of what the collector cannot do without. */
  function note(part: string, health: Health, isNeeded = true): void {
    if (isNeeded) readiness.set(part, health);
    if (health.ok && away.delete(part)) log.info({ part }, `${part}: back`);
    if (health.ok || away.has(part)) return;
    away.add(part);
    log.warn({ part }, `${part}: ${health.reason}`);
  }

  async function gather(nowMs: number): Promise<void> {
    const looks = await schedule.poll(nowMs);
    const samples: Sample[] = [];
    for (const { source, reading, health } of looks) {
      const intervalMs = source.intervalMs || config.clock.tickMs;
      book.expect(source.name, intervalMs, nowMs);
      book.asked(source.name, health, nowMs);
      note(source.name, health, source.name === CLUSTER);
      if (reading !== null) samples.push(...intake.take(source.name, reading, nowMs, intervalMs).samples);
    }
    const written = keeping.then(() => settle(collecting('asked', samples, [], () => writer.writeOrKeep(samples))));
    keeping = written;
    noteWriter(await written);
  }

  function noteWriter(written: Health): void {
    const health = writer.health;
    // A failure that is of neither is a mistake of ours, and shows all the same.
    note('store', health.store.ok && health.spool.ok ? written : health.store);
    note('spool', health.spool);
    instruments.samplesWaiting.record(spool?.samples ?? 0);
  }

  return {
    routes: (app) =>
      pushRoutes(app, config, {
        nowMs: () => clock.nowMs(),
        async accept(source, reading, nowMs) {
          const { samples, refused } = intake.take(source, reading, nowMs);
          await collecting(source, samples, [], () => writer.write(samples));
          return refused;
        },
      }),
    async tick(nowMs) {
      await gather(nowMs);
      note('bus', await kpis.follow());
      intake.tell(nowMs);
      await reporter.report(nowMs);
    },
    async stop() {
      stopping.abort();
      await Promise.all([between, kpis.stop()]);
      await writer.stop();
    },
  };
}

/** A failure as something to report rather than to end the tick with. */
async function settle(work: Promise<unknown>): Promise<Health> {
  try {
    await work;
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
