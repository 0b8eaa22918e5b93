import type { Subscription } from '@forescale/shared/bus';
import type { ClusterState } from '@forescale/shared/domain';
import type { Health } from '@forescale/shared/store';
import { rfc3339, subjects } from '@forescale/shared/wire';
import { AutoscalerWatch } from './autoscaler-watch.ts';
import { Outbox } from './outbox.ts';
import { decodeOverride, describeRequest, stillPaused } from './override.ts';
import type { ActuatorParts } from './parts.ts';
import { PoolLoop } from './pool-loop.ts';
import { CallBook } from './provider-calls.ts';
import type { ActuatorView, OverrideAnswer, Planned } from './view.ts';

export interface Actuator extends ActuatorView {
  /** By pool: the plan of the last tick and its inputs. */
  planned(): ReadonlyMap<string, Planned | null>;
  tick(nowMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** Opens the pools' providers. Whatever is away at the start is waited for, tick by tick. */
export async function startActuator(parts: ActuatorParts): Promise<Actuator> {
  const { config } = parts;
  const outbox = new Outbox(parts.bus, parts.store, parts.log);
  const calls = new CallBook(parts);
  const autoscalers = new AutoscalerWatch(parts.surroundings ?? null, parts.log);
  const loops = await Promise.all(
    config.pools.map(
      async (pool) =>
        new PoolLoop(
          pool,
          await parts.openProvider(pool.provider),
          calls.of(pool.provider),
          outbox,
          autoscalers,
          parts,
        ),
    ),
  );
  for (const { name, mode } of config.pools)
    if (mode === 'observe') parts.log.info({ pool: name }, 'mode observe: decides, and changes nothing');
  const service = new ActuatorService(parts, outbox, calls, loops);
  return {
    tick: (nowMs) => service.tick(nowMs),
    pools: (nowMs) => service.pools(nowMs),
    planned: () => new Map(loops.map((loop) => [loop.pool.name, loop.planned])),
    override: (pool, bytes) => service.override(pool, bytes),
    stop: () => service.stop(),
  };
}

class ActuatorService {
  readonly #parts: ActuatorParts;
  readonly #outbox: Outbox;
  readonly #calls: CallBook;
  readonly #loops: readonly PoolLoop[];
  #responders: Subscription[] | null = null;

  constructor(parts: ActuatorParts, outbox: Outbox, calls: CallBook, loops: readonly PoolLoop[]) {
    this.#parts = parts;
    this.#outbox = outbox;
    this.#calls = calls;
    this.#loops = loops;
  }

  /** Looks at everything anew, decides for every pool, does it, and says it. */
  async tick(nowMs: number): Promise<void> {
    await this.#answerOverrides();
    const seen = await this.#see(nowMs);
    if (seen !== null) {
      const { clusterTag, cluster } = seen;
      await Promise.all(this.#loops.map((loop) => loop.part(() => loop.prepare(clusterTag, cluster, nowMs))));
      // In order of priority: the first pool takes the pending pods that it can carry.
      const served = new Set<string>();
      const inOrder = this.#loops.toSorted((a, b) => b.pool.priority - a.pool.priority);
      for (const loop of inOrder) await loop.part(() => loop.decide(served, nowMs));
      await Promise.all(this.#loops.map((loop) => loop.part(() => loop.act(nowMs))));
    }
    this.#calls.recordBreakers();
    const { bus, store } = await this.#outbox.flush();
    this.#show('bus', bus);
    this.#show('store', store);
  }

  pools(nowMs: number) {
    return this.#loops.map((loop) => ({
      config: loop.pool,
      override: loop.steering.inForce(nowMs),
      plan: loop.reporter.lastPlan,
      reactiveUsdPerHour: loop.reporter.reactiveUsdPerHour,
      decisions: loop.reporter.decisions.newestFirst,
    }));
  }

  async override(pool: string, bytes: Uint8Array): Promise<OverrideAnswer> {
    const nowMs = this.#parts.clock.nowMs();
    const loop = this.#loops.find((one) => one.pool.name === pool);
    if (!loop)
      throw new RangeError(`pool = ${pool}: allowed: ${this.#parts.config.pools.map((p) => p.name).join(', ')}`);
    const request = decodeOverride(bytes, nowMs);
    await loop.steering.apply(request);
    const text = describeRequest(request) + stillPaused(request, loop.steering.inForce(nowMs));
    this.#parts.log.info({ pool, by: request.by }, `override: ${text}`);
    const { mode } = loop.pool;
    loop.reporter.decisions.add({ mode, kind: 'override', target: pool, count: 1, why: text }, nowMs);
    await this.#audit(`pool ${pool}: ${text}`, nowMs);
    const { untilMs } = request;
    return { ok: true, pool, until: untilMs === null ? null : rfc3339(untilMs), what: text };
  }

  async stop(): Promise<void> {
    await Promise.all((this.#responders ?? []).map((one) => one.stop()));
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    await this.#outbox.flush();
  }

  /** Null: the cluster cannot be read, and nothing is decided on an old picture. */
  async #see(nowMs: number): Promise<{ readonly clusterTag: string; readonly cluster: ClusterState } | null> {
    const { reader } = this.#parts;
    try {
      const clusterTag = await reader.clusterId();
      await Promise.all(this.#loops.map((loop) => loop.look(clusterTag, nowMs)));
      const cluster = await reader.read(nowMs);
      this.#show('kubernetes', { ok: true });
      return { clusterTag, cluster };
    } catch (error) {
      this.#show('kubernetes', { ok: false, reason: error instanceof Error ? error.message : String(error) });
      return null;
    }
  }

  /** Listens for overrides from the first tick on at which the bus is there. */
  async #answerOverrides(): Promise<void> {
    if (this.#responders !== null) return;
    const { bus, log } = this.#parts;
    const responders: Subscription[] = [];
    try {
      for (const { pool } of this.#loops) {
        const responder = await bus.respond(subjects.override(pool.name), async ({ data }) => {
          return new TextEncoder().encode(JSON.stringify(await this.override(pool.name, data)));
        });
        responders.push(responder);
      }
      this.#responders = responders;
    } catch (error) {
      await Promise.allSettled(responders.map((one) => one.stop()));
      log.warn({ err: error }, 'overrides over the bus are not answered yet');
    }
  }

  async #audit(message: string, timeMs: number): Promise<void> {
    const { writer, config, log } = this.#parts;
    try {
      const { namespace } = config.kubernetes;
      const about = { kind: 'Namespace', name: namespace, uid: '' } as const;
      await writer.createEvent({ ...about, type: 'Normal', reason: 'Override', message, timeMs });
    } catch (error) {
      log.warn({ err: error }, 'the override could not be written as an event of the cluster');
    }
  }

  #show(part: string, health: Health): void {
    this.#parts.readiness.set(part, health);
  }
}
