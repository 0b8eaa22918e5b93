import { type Bus, BusUnavailableError, RequestFailedError } from '@forescale/shared/bus';
import { boundsAt, type Config, type PoolConfig } from '@forescale/shared/config';
import { NotLeadingError } from '@forescale/shared/leadership';
import { StateUnavailableError } from '@forescale/shared/state';
import { type Store, StoreUnavailableError } from '@forescale/shared/store';
import type { Clock } from '@forescale/shared/time';
import { decodeJson, describeSource, parseWire, rfc3339, streams, subjects, WireError } from '@forescale/shared/wire';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { priceBasis } from '../plan/index.ts';
import type { ActuatorView, PoolView } from '../service/index.ts';
import { HeardSources } from './heard-sources.ts';
import { gridOf, readHistory } from './history.ts';
import {
  type ForecastDocument,
  forecastDocumentSchema,
  historyQuerySchema,
  overrideAnswerSchema,
  type PlanDocument,
  type PoolsDocument,
  planQuerySchema,
  poolQuerySchema,
  type SourcesDocument,
} from './schema.ts';

const DAY_MS = 86_400_000;
const SPAN_MS_MAX = 400 * DAY_MS;
/** Shorter than a client of ours waits: it is to hear who leads. */
const LEADER_TIMEOUT_MS = 5_000;

export interface ApiParts {
  readonly config: Config;
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly actuator: ActuatorView;
}

class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

/**
 * The actuator's documents under `/api/v1/`, all read-only but for `POST /api/v1/override?pool=NAME`, whose body is
 * what `forescale.v1.override.<pool>` takes. Who may call is decided where the server is started: a change always needs
 * the bearer token. An actuator that does not lead hands a change on to the one that does. Errors are `{"error": "…"}`: 400 bad question, 404 no such pool, 503 something is away.
 */
export function apiRoutes(parts: ApiParts): (app: FastifyInstance) => Promise<void> {
  const { config, clock, actuator } = parts;
  return async (app) => {
    await app.register(async (api) => {
      api.setErrorHandler(async (error, _request, reply) =>
        reply.code(statusOf(error)).send({ error: error instanceof Error ? error.message : String(error) }),
      );
      api.get('/api/v1/pools', async (): Promise<PoolsDocument> => {
        const nowMs = clock.nowMs();
        const pools = actuator.pools(nowMs);
        return { now: rfc3339(nowMs), notice: noticeOf(config), pools: pools.map((pool) => describePool(pool, nowMs)) };
      });
      api.get('/api/v1/plan', async ({ query }): Promise<PlanDocument> => {
        const { pool, decisions } = parseWire(query, planQuerySchema);
        const nowMs = clock.nowMs();
        const view = actuator.pools(nowMs).find((one) => one.config.name === pool);
        if (!view) throw unknownPool(pool, config);
        return { now: rfc3339(nowMs), plan: view.plan, decisions: view.decisions.slice(0, decisions) };
      });
      api.get('/api/v1/forecast', async ({ query }): Promise<ForecastDocument> => {
        const pool = poolOf(parseWire(query, poolQuerySchema).pool, config);
        return { now: rfc3339(clock.nowMs()), forecasts: await newestForecasts(parts.bus, pool) };
      });
      const heard = new HeardSources(parts.bus, clock, config.clock.tickMs);
      // Before anybody asks, so that there is something to tell; where the bus is away, whoever asks tries again.
      api.addHook('onReady', () => heard.listen().catch(() => undefined));
      api.addHook('onClose', () => heard.stop());
      api.get('/api/v1/sources', async (): Promise<SourcesDocument> => {
        await heard.listen();
        return { now: rfc3339(clock.nowMs()), sources: heard.all()?.map(describeSource) ?? null };
      });
      api.get('/api/v1/history', async ({ query }) => await history(parts, query));
      api.post('/api/v1/override', async ({ query, body, ip }) => {
        const { pool } = parseWire(query, poolQuerySchema);
        poolOf(pool, config);
        const request = new TextEncoder().encode(JSON.stringify(body ?? null));
        try {
          return await actuator.override(pool, request, `http ${ip}`);
        } catch (error) {
          if (!(error instanceof NotLeadingError)) throw error;
          return await askLeader(parts.bus, pool, request, error);
        }
      });
    });
  };
}

/** Behind a Service of several actuators a change meets any of them; whoever leads answers on the bus. */
async function askLeader(bus: Bus, pool: string, request: Uint8Array, notHere: NotLeadingError) {
  try {
    const { data } = await bus.request(subjects.override(pool), request, LEADER_TIMEOUT_MS);
    return parseWire(decodeJson(data), overrideAnswerSchema);
  } catch (error) {
    // What it refuses it says itself. Where nobody leads, or none hears, the refusal of this one names the holder.
    throw error instanceof RequestFailedError ? error : notHere;
  }
}

async function history({ config, store, clock }: ApiParts, query: unknown) {
  const asked = parseWire(query, historyQuerySchema);
  const pool = poolOf(asked.pool, config);
  const signal = pool.signals.find((one) => one.name === asked.signal);
  if (!signal) {
    const allowed = pool.signals.map((one) => one.name).join(', ');
    throw new NotFoundError(`signal = ${asked.signal}: allowed: ${allowed}`);
  }
  const nowMs = clock.nowMs();
  const toMs = asked.to ?? nowMs + pool.forecast.horizonMs;
  const fromMs = asked.from ?? Math.min(nowMs, toMs) - DAY_MS;
  if (fromMs >= toMs) throw new WireError(`from = ${rfc3339(fromMs)}: allowed: a time before to, ${rfc3339(toMs)}`);
  if (toMs - fromMs > SPAN_MS_MAX)
    throw new WireError(`from = ${rfc3339(fromMs)}: allowed: at most 400 days before to`);
  const grid = gridOf(fromMs, toMs, asked.points, config.clock.tickMs);
  return await readHistory(store, pool.name, signal, grid, nowMs);
}

/** What a user must not overlook: that nothing is changed, and where. */
function noticeOf(config: Config): string | null {
  const observed = config.pools.filter((pool) => pool.mode === 'observe').map((pool) => pool.name);
  if (observed.length === 0) return null;
  const which = observed.length === config.pools.length ? 'Nothing' : `In pool ${observed.join(', ')} nothing`;
  return `${which} is changed: mode observe only shows what would be done.`;
}

function describePool({ config, priceTrouble, override, plan, reactiveUsdPerHour }: PoolView, nowMs: number) {
  const bounds = boundsAt(config, nowMs, override);
  return {
    name: config.name,
    mode: config.mode,
    paused: bounds.paused,
    provider: config.provider.kind,
    signals: config.signals.map(({ name, unit, capacityPerNode }) => {
      const learned = plan?.capacities?.find((one) => one.signal === name)?.per_node ?? null;
      return { name, unit, capacityPerNode: capacityPerNode ?? learned };
    }),
    bounds: {
      min: bounds.minNodes.value,
      minFrom: bounds.minNodes.from,
      max: bounds.maxNodes.value,
      maxFrom: bounds.maxNodes.from,
      usdPerHourMax: bounds.usdPerHourMax?.value ?? null,
    },
    ready: plan?.ready ?? null,
    starting: plan?.starting ?? null,
    draining: plan?.draining ?? null,
    desired: plan?.desired ?? null,
    usdPerHour: plan?.usd_per_hour ?? null,
    reactiveUsdPerHour,
    prices: { ...priceBasis(config.offerings), trouble: priceTrouble },
  };
}

const forecastEvent = z.object({ data: forecastDocumentSchema.shape.forecasts.element });

/** As they stand on the bus; what is not a forecast there is left out. */
async function newestForecasts(bus: Bus, pool: PoolConfig): Promise<ForecastDocument['forecasts']> {
  const found = await Promise.all(
    pool.signals.map(async ({ name }) => {
      const message = await bus.last(streams.forecast.name, subjects.forecast(pool.name, name));
      const parsed = message && forecastEvent.safeParse(decodeJson(message.data));
      return parsed?.success ? parsed.data.data : null;
    }),
  );
  return found.filter((one) => one !== null);
}

function poolOf(name: string, config: Config): PoolConfig {
  const pool = config.pools.find((one) => one.name === name);
  if (!pool) throw unknownPool(name, config);
  return pool;
}

function unknownPool(name: string, config: Config): NotFoundError {
  return new NotFoundError(`pool = ${name}: allowed: ${config.pools.map((pool) => pool.name).join(', ')}`);
}

function statusOf(error: unknown): number {
  if (error instanceof WireError) return 400;
  if (error instanceof NotFoundError) return 404;
  if (
    error instanceof StoreUnavailableError ||
    error instanceof BusUnavailableError ||
    error instanceof StateUnavailableError ||
    error instanceof RequestFailedError ||
    error instanceof NotLeadingError
  )
    return 503;
  // The server's own, for example 415 for a body that is no JSON.
  const status = (error as { readonly statusCode?: unknown }).statusCode;
  return typeof status === 'number' ? status : 500;
}
