import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CollectorParts, startCollector } from '@forescale/collector/service';
import { TraceSource } from '@forescale/collector/sources';
import { openFileSpool } from '@forescale/collector/spool';
import { createNatsBus } from '@forescale/shared/bus';
import { parseConfig } from '@forescale/shared/config';
import { Readiness } from '@forescale/shared/service';
import { createInfluxStore } from '@forescale/shared/store';
import { silentInstruments, silentLog } from '@forescale/shared/telemetry';
import { systemClock } from '@forescale/shared/time';
import { InfluxDB } from 'influx';
import { connect } from 'nats';
import { type CollectTask, type CollectTimes, loadOf, POOL, SIGNALS, signalOf, timeOf } from './tasks.ts';

const BATCH = 5_000;
/** What a busy tick brings; ten writes. */
const POINTS_PER_TICK = 50_000;
const BARE_BATCH = 1_000;

// In a process of its own, so that memory and time are those of one reader or writer.
process.once('message', async (task: CollectTask) => {
  process.send?.(await measure(task));
  process.disconnect();
});

function measure(task: CollectTask): Promise<CollectTimes> {
  switch (task.kind) {
    case 'raw-points':
      return rawPoints(task);
    case 'points':
    case 'kpis':
      return collector(task);
    case 'raw-consumer':
      return rawConsumer(task);
    case 'raw-subscriber':
      return rawSubscriber(task);
  }
}

/** Counts what is done, remembers the memory after each tenth, and tells when all is. */
class Meter {
  readonly done: Promise<CollectTimes>;
  readonly #of: number;
  readonly #rssMb: number[] = [];
  readonly #finish: (times: CollectTimes) => void;
  #count = 0;
  #startMs = performance.now();

  constructor(of: number) {
    this.#of = of;
    const { promise, resolve } = Promise.withResolvers<CollectTimes>();
    this.done = promise;
    this.#finish = resolve;
  }

  /** Without it time runs from the making of the meter. */
  start(): void {
    this.#startMs = performance.now();
  }

  add(count: number): void {
    this.#count += count;
    if (this.#count >= (this.#of * (this.#rssMb.length + 1)) / 10)
      this.#rssMb.push(Math.round(process.memoryUsage.rss() / 2 ** 20));
    if (this.#count >= this.#of)
      this.#finish({ seconds: (performance.now() - this.#startMs) / 1_000, rssMb: this.#rssMb });
  }
}

async function rawPoints({
  influxUrl,
  from,
  points,
}: Extract<CollectTask, { kind: 'raw-points' }>): Promise<CollectTimes> {
  const { hostname, port } = new URL(influxUrl);
  const influx = new InfluxDB({ host: hostname, port: Number(port), database: 'raw' });
  await influx.createDatabase('raw');
  const nowMs = Date.now();
  const meter = new Meter(points);
  for (let at = from; at < from + points; at += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, from + points - at) }, (_, i) => ({
      measurement: 'kpi',
      tags: { pool: POOL, signal: signalOf(at + i), source: 'trace' },
      fields: { value: loadOf(at + i) },
      timestamp: new Date(timeOf(at + i, from + points, nowMs)),
    }));
    await influx.writePoints(batch, { precision: 'ms' });
    meter.add(batch.length);
  }
  return meter.done;
}

/** The collector as its service starts it, over NATS and InfluxDB, its spool included. */
async function collector(task: Extract<CollectTask, { kind: 'points' | 'kpis' }>): Promise<CollectTimes> {
  const count = task.kind === 'points' ? task.points : task.messages;
  const config = parseConfig(`autoscaler: { pools: [{ name: ${POOL} }] }`, 'bench', {});
  const directory = await mkdtemp(join(tmpdir(), 'forescale-bench-'));
  const store = await createInfluxStore({
    url: task.influxUrl,
    database: 'forescale',
    retentionDays: 400,
    rollupDays: 3_650,
  });
  const bus = await createNatsBus({ servers: [task.natsUrl], name: 'bench-collector' });
  const meter = new Meter(count);
  const traces: TraceSource[] = [];
  const parts: CollectorParts = {
    config,
    store,
    spool: await openFileSpool({ path: join(directory, 'spool.db'), bytesMax: 2 ** 28, onSetAside() {} }),
    bus,
    sources: traces,
    ioClock: systemClock,
    clock: systemClock,
    readiness: new Readiness(),
    instruments: { ...silentInstruments(), samplesWritten: { add: (more: number) => meter.add(more) } },
    log: silentLog(),
  };
  const running = await startCollector(parts);
  // As beside it: once there is a consumer.
  meter.start();
  if (task.kind === 'points') {
    const nowMs = Date.now();
    for (let at = 0; at < count; at += POINTS_PER_TICK) {
      traces.splice(0, traces.length, ...tracesOf(at, Math.min(count, at + POINTS_PER_TICK), count, nowMs));
      await running.tick(nowMs);
    }
  }
  const times = await meter.done;
  await running.stop();
  await bus.close();
  await store.close();
  await rm(directory, { recursive: true });
  return times;
}

function tracesOf(from: number, to: number, of: number, nowMs: number): TraceSource[] {
  return Array.from({ length: SIGNALS }, (_, signal) => {
    const count = Math.ceil((to - from - signal) / SIGNALS);
    const indices = Array.from({ length: count }, (_, i) => from + signal + i * SIGNALS);
    const timesMs = Float64Array.from(indices, (index) => timeOf(index, of, nowMs));
    return new TraceSource(POOL, signalOf(signal), { timesMs, values: Float64Array.from(indices, loadOf) }, -1);
  });
}

async function rawConsumer({ natsUrl, durable, messages }: Extract<CollectTask, { kind: 'raw-consumer' }>) {
  const connection = await connect({ servers: new URL(natsUrl).host });
  const manager = await connection.jetstreamManager();
  const { AckPolicy } = await import('nats');
  await manager.consumers.add('FORESCALE_KPI', {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    max_ack_pending: BARE_BATCH,
  });
  const jetStream = connection.jetstream();
  const meter = new Meter(messages);
  for (let left = messages; left > 0; ) {
    let got = 0;
    for await (const message of jetStream.fetch('FORESCALE_KPI', durable, { batch: BARE_BATCH, expires: 1_000 })) {
      message.ack();
      got++;
    }
    left -= got;
    meter.add(got);
  }
  await connection.close();
  return meter.done;
}

async function rawSubscriber({ natsUrl, messages }: Extract<CollectTask, { kind: 'raw-subscriber' }>) {
  const connection = await connect({ servers: new URL(natsUrl).host });
  let meter: Meter | null = null;
  const { promise, resolve } = Promise.withResolvers<CollectTimes>();
  connection.subscribe('bench.kpi.>', {
    callback() {
      if (meter === null) {
        meter = new Meter(messages);
        void meter.done.then(resolve);
      }
      meter.add(1);
    },
  });
  await connection.flush();
  process.send?.('listening');
  const times = await promise;
  await connection.close();
  return times;
}
