import type { ActuatorView } from '@forescale/actuator/service';
import { createTrainer } from '@forescale/predictor/training';
import type { Config, PoolConfig, SignalConfig } from '@forescale/shared/config';
import { type Store, StoreUnavailableError } from '@forescale/shared/store';
import type { Clock } from '@forescale/shared/time';
import { parseWire, rfc3339, WireError } from '@forescale/shared/wire';
import type { ReplaySummary } from '@forescale/simulator/replay';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { KNOBS, type Knob, valuesOf } from './knobs.ts';
import type { ReplayJob } from './replay-job.ts';
import { type Comparison, WhatIf, WhatIfError } from './what-if.ts';

const WORKER_URL = new URL('./replay-worker.ts', import.meta.url);
const ANSWER_WITHIN_MS = 60_000;
const HEAP_MIB_MAX = 512;
/** Of those who ask; each answer takes a processor for seconds. */
const WAITING_MAX = 4;

export interface WhatIfRoutesParts {
  readonly config: Config;
  readonly store: Store;
  readonly clock: Clock;
  readonly actuator: Pick<ActuatorView, 'pools'>;
}

const querySchema = z.object({
  pool: z.string().max(63),
  signal: z.string().max(63),
  knob: z.string().max(63).optional(),
  value: z.coerce.number({ error: 'allowed: a number' }).optional(),
});

/** `GET /api/v1/what-if`: without a knob, which there are. */
interface WhatIfDocument {
  readonly now: string;
  readonly knobs: readonly {
    readonly name: string;
    readonly unit: Knob['unit'];
    readonly current: number;
    readonly values: readonly number[];
  }[];
  readonly comparison: Comparison | null;
}

/**
 * `GET /api/v1/what-if?pool&signal` tells which settings of a pool can be tried out, and with `&knob&value` what the last day would
 * have cost and missed with it. Nothing is changed. Errors are `{"error": "…"}`: 400 bad question, 404 no such pool or signal, 429 too many ask, 503 no
 * answer now.
 */
export function whatIfRoutes({ config, store, clock, actuator }: WhatIfRoutesParts): (app: FastifyInstance) => void {
  const limits = { timeoutMs: ANSWER_WITHIN_MS, heapMibMax: HEAP_MIB_MAX, workersMax: 1 };
  const trainer = createTrainer<ReplayJob, ReplaySummary>({ workerUrl: WORKER_URL, ...limits });
  const stopping = new AbortController();
  const whatIf = new WhatIf({ store, trainer, signal: stopping.signal });
  let waiting = 0;
  return (app) => {
    app.addHook('onClose', async () => stopping.abort());
    app.get('/api/v1/what-if', async ({ query }, reply) => {
      try {
        const asked = parseWire(query, querySchema);
        const nowMs = clock.nowMs();
        const pool = poolNamed(asked.pool);
        const signal = signalOf(pool, asked.signal, nowMs);
        const knobs = KNOBS.map((knob) => ({
          ...{ name: knob.name, unit: knob.unit, current: knob.current(pool, nowMs) },
          values: valuesOf(knob, pool, nowMs),
        }));
        const document: WhatIfDocument = { now: rfc3339(nowMs), knobs, comparison: null };
        if (asked.knob === undefined) return document;
        const knob = KNOBS.find(({ name }) => name === asked.knob);
        const value = asked.value ?? Number.NaN;
        checkTurn(knob, value, knob === undefined ? [] : valuesOf(knob, pool, nowMs), asked.knob);
        if (waiting >= WAITING_MAX) return await reply.code(429).header('retry-after', 5).send({ error: 'others ask' });
        waiting++;
        try {
          return { ...document, comparison: await whatIf.compare(pool, signal, knob, value, nowMs) };
        } finally {
          waiting--;
        }
      } catch (error) {
        return await reply
          .code(statusOf(error))
          .send({ error: error instanceof Error ? error.message : String(error) });
      }
    });
  };

  function poolNamed(name: string): PoolConfig {
    const pool = config.pools.find((one) => one.name === name);
    if (pool) return pool;
    throw new NotFoundError(`pool = ${name}: allowed: ${config.pools.map((one) => one.name).join(', ')}`);
  }

  /** With what a node was seen to carry, where the configuration does not say. */
  function signalOf(pool: PoolConfig, name: string, nowMs: number): SignalConfig {
    const signal = pool.signals.find((one) => one.name === name);
    if (!signal)
      throw new NotFoundError(`signal = ${name}: allowed: ${pool.signals.map((one) => one.name).join(', ')}`);
    const plan = actuator.pools(nowMs).find(({ config: { name: of } }) => of === pool.name)?.plan;
    const learned = plan?.capacities?.find((one) => one.signal === name)?.per_node ?? null;
    return { ...signal, capacityPerNode: signal.capacityPerNode ?? learned };
  }
}

class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

function checkTurn(
  knob: Knob | undefined,
  value: number,
  allowed: readonly number[],
  asked: string,
): asserts knob is Knob {
  if (knob === undefined) throw new WireError(`knob = ${asked}: allowed: ${KNOBS.map(({ name }) => name).join(', ')}`);
  if (!allowed.includes(value)) throw new WireError(`value = ${value}: allowed: ${allowed.join(', ')}`);
}

function statusOf(error: unknown): number {
  if (error instanceof WireError) return 400;
  if (error instanceof NotFoundError) return 404;
  return error instanceof WhatIfError || error instanceof StoreUnavailableError ? 503 : 500;
}
