import { connect } from 'node:net';
import { startCollector } from '@forescale/collector/service';
import { type Bus, createInProcessBus } from '@forescale/shared/bus';
import { parseConfig } from '@forescale/shared/config';
import { startHttp } from '@forescale/shared/http';
import { Readiness } from '@forescale/shared/service';
import type { Store } from '@forescale/shared/store';
import { silentInstruments, silentLog } from '@forescale/shared/telemetry';
import { ManualClock, systemClock } from '@forescale/shared/time';
import { Client } from 'undici';
import { type Payload, TOKEN } from './payloads.ts';

/** Longer than anything takes on a busy machine. */
const HANGS_AFTER_MS = 30_000;
const NOW_MS = Date.parse('2026-03-04T12:00:00Z');

const CONFIG = `autoscaler:
  clock: { source: bus }
  http: { push_token_file: none }
  pools: [{ name: web, signals: [{ name: rps, unit: "1/s" }, { name: queue }, { name: seconds, unit: s }] }]
  sources:
    push: {}
    otlp:
      metrics:
        - { metric: queue.length, pool: web, signal: queue }
        - { metric: requests, pool: web, signal: rps }
        - { metric: http.duration, pool: web, signal: rps }
        - { metric: http.duration, pool: web, signal: seconds, of: mean }
        - { metric: rpc, pool: web, signal: rps }
`;

export interface Counts {
  readonly written: number;
  readonly refused: number;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

/** A collector that takes in whatever comes, over its own HTTP server and a bus, and forgets what it has stored. */
export interface FuzzWorld {
  readonly counts: () => Counts;
  /** Sends one over HTTP. Rejects where the connection breaks. */
  post(payload: Payload): Promise<Answer>;
  /** Sends bytes over a connection of their own; resolves to the statuses of what is answered once the server has closed it. */
  connect(bytes: Buffer): Promise<readonly number[]>;
  /** Publishes one. */
  publish(payload: Payload): Promise<void>;
  /** What went wrong beside any request. */
  readonly errors: string[];
  close(): Promise<void>;
}

/** `bus`: one that is there already, such as NATS; in this process when absent. */
export async function startFuzzWorld(own?: Bus): Promise<FuzzWorld> {
  const errors: string[] = [];
  const clock = new ManualClock(NOW_MS);
  const bus = own ?? createInProcessBus({ clock, onError: (error) => errors.push(String(error)) });
  const counts = { written: 0, refused: 0 };
  const instruments = {
    ...silentInstruments(),
    samplesWritten: {
      add(more: number) {
        counts.written += more;
      },
    },
    samplesDropped: {
      add(more: number) {
        counts.refused += more;
      },
    },
  };
  const readiness = new Readiness();
  const parts = {
    store: forgetful(),
    spool: null,
    bus,
    sources: [],
    clock,
    ioClock: systemClock,
    readiness,
    instruments,
  };
  const collector = await startCollector({ config: parseConfig(CONFIG, 'fuzz', {}), log: silentLog(), ...parts });
  await collector.tick(NOW_MS);
  const narrow = { token: TOKEN, paths: ['/v1/metrics', '/api/v1/kpi'] };
  const http = await startHttp({
    ...{ host: '127.0.0.1', port: 0, token: null, narrow, readiness, serveMetrics: null },
    routes: (app) => collector.routes(app),
  });
  const client = new Client(http.url, { pipelining: 1 });
  return {
    counts: () => ({ ...counts }),
    async post({ path, headers, body }) {
      const response = await client.request({
        method: 'POST',
        path,
        headers: { ...headers, authorization: `Bearer ${TOKEN}` },
        body,
      });
      const type = String(response.headers['content-type'] ?? '');
      return { status: response.statusCode, type, body: Buffer.from(await response.body.arrayBuffer()) };
    },
    connect: (bytes) => converse(Number(new URL(http.url).port), bytes),
    publish: ({ path, body }) => bus.publish(path, body),
    errors,
    async close() {
      await client.close();
      await http.close();
      await collector.stop();
      if (own === undefined) await bus.close();
    },
  };
}

/** Says all that it has to say, and listens until the other side has nothing more. */
async function converse(port: number, bytes: Buffer): Promise<readonly number[]> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const said: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => said.push(chunk));
  // The server may hang up on what it hears while it is still being said.
  socket.on('error', () => undefined);
  let hangs = false;
  socket.setTimeout(HANGS_AFTER_MS, () => {
    hangs = true;
    socket.destroy();
  });
  socket.end(bytes);
  await new Promise((closed) => socket.once('close', closed));
  if (hangs) throw new Error('the server neither answered nor hung up');
  return [
    ...Buffer.concat(said)
      .toString('latin1')
      .matchAll(/^HTTP\/1\.1 (\d{3})/gm),
  ].map(([, status]) => Number(status));
}

/** Takes every point and keeps none. */
function forgetful(): Store {
  return {
    write: async () => {},
    query: async () => [],
    series: async () => [],
    health: async () => ({ ok: true }),
    close: async () => {},
  };
}
