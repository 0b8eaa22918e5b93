import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { pageRoutes } from '../src/page/index.ts';
import type {
  ForecastDocument,
  HistoryDocument,
  Mode,
  PlanDocument,
  PoolsDocument,
  SourcesDocument,
  WhatIfDocument,
} from '../src/web/documents.ts';
import { boundsAt, decisionsAt, expectedAt, LEVEL_FACTORS, loadAt, nodesAt, SIGNAL } from './fixture-world.ts';

const FORECAST_STEP_MINUTES = 5;
const FORECAST_STEPS = 36;

/** What a test changes while the page is open. */
export interface Knobs {
  mode: Mode;
  /** Simulated minutes that pass with each question for the pools. */
  minutesPerPoll: number;
  /** Epoch minutes. */
  minute: number;
  /** Answer every question of the API with this; null: as it should be. */
  failure: { status: number; error: string } | null;
  /** Whether a collector says how its sources are. */
  heard: boolean;
}

/** The page over an API that behaves as the actuator's does, on a made-up pool. */
export async function startFixture(start: Partial<Knobs> = {}) {
  const knobs: Knobs = {
    mode: 'enforce',
    minutesPerPoll: 8,
    minute: Date.UTC(2025, 4, 6, 13, 20) / 60_000,
    failure: null,
    heard: true,
    ...start,
  };
  const server = Fastify();
  await server.register(pageRoutes());
  server.addHook('onRequest', async (request, reply) => {
    const { failure } = knobs;
    if (failure && request.url.startsWith('/api/')) await reply.code(failure.status).send({ error: failure.error });
  });
  server.get('/api/v1/pools', async (): Promise<PoolsDocument> => {
    knobs.minute += knobs.minutesPerPoll;
    return pools(knobs);
  });
  server.get<{ Querystring: Record<string, string> }>(
    '/api/v1/what-if',
    async ({ query }): Promise<WhatIfDocument> => whatIf(knobs, query.knob ?? null, Number(query.value)),
  );
  server.get('/api/v1/sources', async (): Promise<SourcesDocument> => sources(knobs));
  server.get('/api/v1/forecast', async (): Promise<ForecastDocument> => forecast(knobs));
  server.get<{ Querystring: Record<string, string> }>(
    '/api/v1/plan',
    async ({ query }): Promise<PlanDocument> => plan(knobs, Number(query.decisions ?? 20)),
  );
  server.get<{ Querystring: Record<string, string> }>(
    '/api/v1/history',
    async ({ query }): Promise<HistoryDocument> =>
      history(knobs, Number(query.from), Number(query.to), Number(query.points)),
  );
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, knobs, close: () => server.close() };
}

function now({ minute }: Knobs): string {
  return new Date(minute * 60_000).toISOString();
}

function pools(knobs: Knobs): PoolsDocument {
  const { floor, ceiling, from } = boundsAt(knobs.minute);
  const { ready, starting, desired, usd, reactiveUsd } = nodesAt(knobs.minute);
  const pool = {
    mode: knobs.mode,
    paused: false,
    provider: 'simulated',
    signals: [SIGNAL, { name: 'requested-cpu', unit: '', capacityPerNode: 4000 }],
    bounds: { min: floor, minFrom: from, max: ceiling, maxFrom: from, usdPerHourMax: null },
    ready,
    starting,
    draining: 0,
    desired,
    usdPerHour: usd,
    reactiveUsdPerHour: reactiveUsd,
    prices: { source: 'configured' as const, asOf: null },
  };
  return {
    now: now(knobs),
    notice: null,
    pools: [
      { name: 'web', ...pool },
      { name: 'batch', ...pool, signals: [SIGNAL] },
    ],
  };
}

function whatIf(knobs: Knobs, knob: string | null, value: number): WhatIfDocument {
  const as_is = { usd: 40, unmet_demand_share: 0, shortage_minutes: 0, nodes_created: 9 };
  const changed = { ...as_is, usd: 40 + 5 * (value - 2) };
  return {
    now: now(knobs),
    knobs: [
      { name: 'min_nodes', unit: 'nodes', current: 2, values: [1, 2, 3, 4] },
      { name: 'scale_down.unneeded', unit: 'min', current: 10, values: [5, 10, 20] },
    ],
    comparison: knob === null ? null : { hours: 24, as_is, changed },
  };
}

/** One that is well, and one that cannot be reached. */
function sources(knobs: Knobs): SourcesDocument {
  const newest = new Date((knobs.minute - 1) * 60_000).toISOString();
  const well = { name: 'kubernetes', state: 'ok', reason: null, newest, lag_seconds: 0.2, refused: 0 } as const;
  const away = { ...well, name: 'prometheus main', state: 'away', reason: 'prometheus:9090: ECONNREFUSED' } as const;
  const stale = {
    ...well,
    name: 'nats',
    state: 'stale',
    reason: 'web/requests: the newest is 12m old',
    refused: 3,
  } as const;
  return { now: now(knobs), sources: knobs.heard ? [well, away, stale] : null };
}

function forecast(knobs: Knobs): ForecastDocument {
  const first = Math.floor(knobs.minute / FORECAST_STEP_MINUTES) * FORECAST_STEP_MINUTES + FORECAST_STEP_MINUTES;
  const minutes = Array.from({ length: FORECAST_STEPS }, (_, i) => first + i * FORECAST_STEP_MINUTES);
  const one = {
    signal: SIGNAL.name,
    issued: now(knobs),
    valid_until: new Date((knobs.minute + 30) * 60_000).toISOString(),
    step_seconds: FORECAST_STEP_MINUTES * 60,
    times: minutes.map((minute) => new Date(minute * 60_000).toISOString()),
    quantiles: Object.fromEntries(
      Object.entries(LEVEL_FACTORS).map(([level, factor]) => [level, minutes.map((m) => expectedAt(m) * factor)]),
    ),
    model: 'combination',
    backend: 'wasm',
    weights: { ridge: 0.6, network: 0.4 },
    accuracy: { wql: 0.041, mase: 0.64, coverage90: 0.91, coverage99: 0.988 },
  };
  return { now: now(knobs), forecasts: [one] };
}

function plan(knobs: Knobs, limit: number): PlanDocument {
  const { need, desired, ready, starting, usd } = nodesAt(knobs.minute);
  const { floor, ceiling, from } = boundsAt(knobs.minute);
  const observed = Math.ceil(loadAt(knobs.minute) / SIGNAL.capacityPerNode);
  const decisions = decisionsAt(knobs.minute, knobs.mode, limit);
  const [newest] = decisions;
  const actions = knobs.mode === 'observe' && newest ? [newest] : [];
  return {
    now: now(knobs),
    decisions,
    plan: {
      pool: 'web',
      time: now(knobs),
      mode: knobs.mode,
      generation: knobs.minute,
      need,
      floor,
      floor_from: from,
      ceiling,
      ceiling_from: from,
      desired,
      ready,
      starting,
      draining: 0,
      usd_per_hour: usd,
      needs: [
        {
          source: 'observed:requests',
          nodes: observed,
          why: `${Math.round(loadAt(knobs.minute))} req/s now, 180 a node`,
        },
        { source: 'forecast:requests', nodes: need, why: '99 % of what is expected while a node boots, 180 a node' },
        { source: 'pending', nodes: 0, why: 'no pod waits for a node' },
      ],
      reasons: [
        { code: 'hold-forecast', text: '1 spare node stays: the forecast needs it again within 16 min' },
        ...(need > ceiling ? [{ code: 'capped', text: `${need} needed, but ${from} allows ${ceiling}` }] : []),
      ],
      actions: actions.map(({ kind, target, count, why }) => ({ kind, target, count, why })),
    },
  };
}

/** Cells at multiples of the step, as the actuator answers: none finer than its tick of a minute, none begun but not full. */
function history(knobs: Knobs, fromS: number, toS: number, points: number): HistoryDocument {
  const stepS = Math.max(60, Math.ceil((toS - fromS) / points));
  const firstS = Math.ceil(fromS / stepS) * stepS;
  const times = Array.from({ length: Math.floor((toS - firstS) / stepS) + 1 }, (_, i) => firstS + i * stepS);
  const oldestS = (knobs.minute - 12 * 1440) * 60;
  /** Nothing is older than twelve days, and nothing newer than now. */
  const column = (at: (minute: number) => number, nowS = knobs.minute * 60) =>
    times.map((timeS) => (timeS < oldestS || timeS > nowS ? null : at(Math.round(timeS / 60))));
  const level = (name: string) =>
    times.map((timeS) =>
      timeS < oldestS || timeS % (FORECAST_STEP_MINUTES * 60) >= stepS
        ? null
        : expectedAt(timeS / 60 + 4 * Math.sin(timeS / 7200)) * (LEVEL_FACTORS[name] ?? 1),
    );
  const quantiles = { q10: level('0.1'), q50: level('0.5'), q90: level('0.9'), q99: level('0.99') };
  return {
    now: now(knobs),
    pool: 'web',
    signal: SIGNAL.name,
    unit: SIGNAL.unit,
    step_seconds: stepS,
    times,
    load: column(loadAt),
    forecasts: { '5m': quantiles, '15m': quantiles, '60m': quantiles },
    ready: column((minute) => nodesAt(minute).ready),
    starting: column((minute) => nodesAt(minute).starting),
    need: column((minute) => nodesAt(minute).need),
    desired: column((minute) => nodesAt(minute).desired),
    floor: column((minute) => boundsAt(minute).floor),
    ceiling: column((minute) => boundsAt(minute).ceiling),
    usd_per_hour: column((minute) => nodesAt(minute).usd),
    reactive_usd_per_hour: column((minute) => nodesAt(minute).reactiveUsd),
  };
}
