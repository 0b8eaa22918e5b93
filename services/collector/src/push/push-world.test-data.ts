import { createInProcessBus } from '@forescale/shared/bus';
import { parseConfig } from '@forescale/shared/config';
import { startHttp } from '@forescale/shared/http';
import { Readiness } from '@forescale/shared/service';
import type { StoreRow } from '@forescale/shared/store';
import { silentLog } from '@forescale/shared/telemetry';
import { ManualClock, systemClock } from '@forescale/shared/time';
import { startCollector } from '../service/collector.ts';
import { countingInstruments } from '../service/fakes/counting-instruments.ts';
import { createFallibleStore, type FallibleStore } from '../service/fakes/fallible-store.ts';
import type { Answer } from './otlp-requests.test-data.ts';

export const NOW_MS = Date.UTC(2026, 2, 4, 12);
const TOKEN = 'push-token';

const CONFIG = `autoscaler:
  clock: { source: bus }
  http: { push_token_file: none }
  pools:
    - name: web
      signals: [{ name: rps }, { name: seconds }, { name: queue }, { name: hits, kind: counter }]
  sources:
    push: {}
    otlp:
      metrics:
        - { metric: http.duration, attributes: { service.name: shop }, pool: web, signal: rps }
        - { metric: http.duration, attributes: { service.name: shop }, pool: web, signal: seconds, of: mean }
        - { metric: queue.length, pool: web, signal: queue }
        - { metric: requests, pool: web, signal: rps }
        - { metric: hits, pool: web, signal: hits }
`;

/** A collector whose HTTP server listens, with a store that can be away. */
export interface PushWorld {
  readonly url: string;
  readonly clock: ManualClock;
  readonly store: FallibleStore;
  readonly counts: ReadonlyMap<string, number>;
  post(path: string, body: string | Uint8Array, headers?: Readonly<Record<string, string>>): Promise<Response>;
  stored(signal: string): Promise<readonly StoreRow[]>;
  close(): Promise<void>;
}

export async function createPushWorld(): Promise<PushWorld> {
  const store = await createFallibleStore();
  const clock = new ManualClock(NOW_MS);
  const bus = createInProcessBus({ clock });
  const { instruments, counts } = countingInstruments();
  const readiness = new Readiness();
  const collector = await startCollector({
    config: parseConfig(CONFIG, 'test', {}),
    ...{ store, spool: null, bus, sources: [], clock, ioClock: systemClock, readiness, instruments, log: silentLog() },
  });
  const narrow = { token: TOKEN, paths: ['/v1/metrics', '/api/v1/kpi'] };
  const http = await startHttp({
    ...{ host: '127.0.0.1', port: 0, token: null, narrow, readiness, serveMetrics: null },
    routes: (app) => collector.routes(app),
  });
  return {
    url: http.url,
    clock,
    store,
    counts,
    post: (path, body, headers = {}) =>
      fetch(http.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}`, ...headers },
        body: body as string,
      }),
    stored: (signal) =>
      store.query({ measurement: 'kpi', tags: { pool: 'web', signal }, fields: ['value'], limit: 1_000 }),
    async close() {
      await http.close();
      await collector.stop();
      await bus.close();
      await store.close();
    },
  };
}

/** Sends OTLP in JSON; resolves to what it is answered. */
export async function sendMetrics(world: PushWorld, body: unknown): Promise<{ status: number; answer: Answer }> {
  const response = await world.post('/v1/metrics', JSON.stringify(body));
  return { status: response.status, answer: (await response.json()) as Answer };
}

export async function storedValues(world: PushWorld, signal: string) {
  return (await world.stored(signal)).map(({ fields }) => fields.value);
}
