import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { integerOption } from '@forescale/cli/output';
import { encodeKpi, streams, subjects } from '@forescale/shared/wire';
import { connect, type NatsConnection } from 'nats';
import { type RunBenchmark, type Stage, textFlag } from '../benchmark.ts';
import { startInflux, startNats, type TestServer } from '../servers/index.ts';
import { table } from '../table.ts';
import { type CollectTask, type CollectTimes, loadOf, POOL, signalOf, timeOf } from './tasks.ts';

/** Sent without waiting for the server, so that what is on its way stays bounded. */
const UNREAD_MAX = 1_000;
const POLL_MS = 20;

/** One collector's sustained rate on each of its ways, beside the same work done by a bare client. */
export const run: RunBenchmark = async (flags, stage) => {
  const points = integerOption('--points', textFlag(flags, 'points') ?? '1000000', 1_000, 1_000_000_000);
  const messages = integerOption('--messages', textFlag(flags, 'messages') ?? '200000', 1_000, 10_000_000);
  const rows = [];
  const summary = [];
  const targets = [
    ['influxdb', () => influxdb(points, stage)],
    ['core-nats', () => kpis('core', messages, stage)],
    ['jetstream', () => kpis('jetstream', messages, stage)],
  ] as const;
  for (const [index, [target, measureTarget]] of targets.entries()) {
    stage.progress(index, targets.length);
    const { count, ours, rawSeconds, rawCount, stored } = await measureTarget();
    const perSecond = count / ours.seconds;
    const raw = rawCount / rawSeconds;
    rows.push({
      target,
      per_second: Math.round(perSecond),
      raw_per_second: Math.round(raw),
      ratio: Number((perSecond / raw).toFixed(3)),
      rss_mb: Math.max(...ours.rssMb),
    });
    summary.push({ target, sent: count, stored, rss_mb_by_tenth: ours.rssMb.join(' ') });
  }
  return { rows, summary, words: `${table(rows, COLUMNS)}\n\n${table(summary, SUMMARY)}` };
};

const COLUMNS = [
  { key: 'target' },
  { key: 'per_second', digits: 0 },
  { key: 'raw_per_second', digits: 0 },
  { key: 'ratio', digits: 2 },
  { key: 'rss_mb', digits: 0 },
];
const SUMMARY = [
  { key: 'target' },
  { key: 'sent', digits: 0 },
  { key: 'stored', digits: 0 },
  { key: 'rss_mb_by_tenth' },
];

interface Measured {
  readonly count: number;
  readonly ours: CollectTimes;
  readonly rawSeconds: number;
  readonly rawCount: number;
  /** What InfluxDB counts afterwards. */
  readonly stored: number;
}

/** Bare writes before and after ours, as the machine has other things to do at times. */
async function influxdb(points: number, stage: Stage): Promise<Measured> {
  return withServers(async (influxUrl, natsUrl) => {
    const half = Math.ceil(points / 2);
    const before = await measured({ kind: 'raw-points', influxUrl, from: 0, points: half }, stage);
    const ours = await measured({ kind: 'points', influxUrl, natsUrl, points }, stage);
    const after = await measured({ kind: 'raw-points', influxUrl, from: half, points: half }, stage);
    const stored = await countStored(influxUrl);
    return { count: points, ours, rawSeconds: before.seconds + after.seconds, rawCount: 2 * half, stored };
  });
}

async function kpis(how: 'core' | 'jetstream', messages: number, stage: Stage): Promise<Measured> {
  return withServers(async (influxUrl, natsUrl) => {
    const connection = await connect({ servers: new URL(natsUrl).host });
    try {
      const { name, subjects: covered, maxBytes } = streams.kpi;
      const manager = await connection.jetstreamManager();
      await manager.streams.add({ name, subjects: [...covered], max_bytes: maxBytes });
      const task = { kind: 'kpis', influxUrl, natsUrl, messages } as const;
      if (how === 'core') {
        const raw = await bareSubscriber(connection, natsUrl, messages, stage);
        const running = measured(task, stage);
        await publish(connection, messages, (signal) => subjects.kpi(POOL, signal));
        const ours = await running;
        return {
          count: messages,
          ours,
          rawSeconds: raw.seconds,
          rawCount: messages,
          stored: await countStored(influxUrl),
        };
      }
      await publish(connection, messages, (signal) => subjects.kpi(POOL, signal));
      while ((await manager.streams.info(name)).state.messages < messages) await delay(POLL_MS);
      const before = await measured({ kind: 'raw-consumer', natsUrl, durable: 'before', messages }, stage);
      const ours = await measured(task, stage);
      const after = await measured({ kind: 'raw-consumer', natsUrl, durable: 'after', messages }, stage);
      const stored = await countStored(influxUrl);
      return { count: messages, ours, rawSeconds: before.seconds + after.seconds, rawCount: 2 * messages, stored };
    } finally {
      await connection.close();
    }
  });
}

async function bareSubscriber(connection: NatsConnection, natsUrl: string, messages: number, stage: Stage) {
  const listening = Promise.withResolvers<void>();
  const running = measured({ kind: 'raw-subscriber', natsUrl, messages }, stage, () => listening.resolve());
  await Promise.race([listening.promise, running]);
  await publish(connection, messages, (signal) => `bench.kpi.${POOL}.${signal}`);
  return running;
}

async function publish(
  connection: NatsConnection,
  messages: number,
  subjectOf: (signal: string) => string,
): Promise<void> {
  const nowMs = Date.now();
  for (let index = 0; index < messages; index++) {
    const origin = { id: String(index), source: '/bench', timeMs: timeOf(index, messages, nowMs) };
    connection.publish(subjectOf(signalOf(index)), encodeKpi(origin, loadOf(index), 'req/s'));
    if (index % UNREAD_MAX === UNREAD_MAX - 1) await connection.flush();
  }
  await connection.flush();
}

async function withServers<T>(work: (influxUrl: string, natsUrl: string) => Promise<T>): Promise<T> {
  const servers: TestServer[] = [];
  try {
    const influx = await startInflux();
    servers.push(influx);
    const nats = await startNats();
    servers.push(nats);
    return await work(influx.url, nats.url);
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function countStored(influxUrl: string): Promise<number> {
  const query = new URLSearchParams({ db: 'forescale', q: 'SELECT count(value) FROM kpi' });
  const answer = (await (await fetch(`${influxUrl}/query?${query}`)).json()) as {
    readonly results: readonly { readonly series?: readonly { readonly values: readonly (readonly number[])[] }[] }[];
  };
  return answer.results[0]?.series?.[0]?.values[0]?.[1] ?? 0;
}

async function measured(task: CollectTask, stage: Stage, onListening: () => void = () => {}): Promise<CollectTimes> {
  const child = fork(new URL('./measure-process.ts', import.meta.url), { signal: stage.signal });
  child.send(task);
  for (;;) {
    const message = await nextMessage(child);
    if (message !== 'listening') return message as CollectTimes;
    onListening();
  }
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`a measuring process ended with ${code}`)));
  });
  ended.catch(() => undefined);
  const [message] = await Promise.race([once(child, 'message'), ended]);
  return message;
}
