import type { Subscription } from '@forescale/shared/bus';
import type { ClusterState } from '@forescale/shared/domain';
import { type Role, SampleTraces } from '@forescale/shared/service';
import type { Health } from '@forescale/shared/store';
import { createAudit, silentLog } from '@forescale/shared/telemetry';
import { rfc3339, subjects } from '@forescale/shared/wire';
import type { Machines } from '../execute/index.ts';
import { completeOfferings } from '../prices/index.ts';
import { AutoscalerWatch } from './autoscaler-watch.ts';
import { refuseSharedGroups } from './group-owners.ts';
import { Mandate } from './mandate.ts';
import { Outbox } from './outbox.ts';
import { decodeOverride, describeOverride, describeRequest, stillPaused } from './override.ts';
import type { ActuatorParts } from './parts.ts';
import { PoolLoop, type PoolParts } from './pool-loop.ts';
import { CallBook } from './provider-calls.ts';
import { buysFromGroups } from './single-writer.ts';
import type { ActuatorView, OverrideAnswer, Planned } from './view.ts';
import { WriterWatch } from './writer-watch.ts';

export interface Actuator extends ActuatorView {
  /** By pool: the plan of the last tick and its inputs. */
  planned(): ReadonlyMap<string, Planned | null>;
  tick(nowMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** Opens the pools' providers. Whatever is away at the start is waited for, tick by tick. */
export async function startActuator(given: ActuatorParts): Promise<Actuator> {
  const parts = { ...given, config: completeOfferings(given.config) };
  const { config, leadership = null } = parts;
  const outbox = new Outbox(parts.bus, parts.store, parts.log);
  const calls = new CallBook(parts);
  const autoscalers = new AutoscalerWatch(parts.surroundings ?? null, parts.ioClock, parts.log);
  const audit = createAudit(config.telemetry.audit ? parts.log : silentLog());
  const mandate = new Mandate(leadership, parts.state, audit);
  const sampleTraces = new SampleTraces(config, parts.bus);
  const guarded = {
    ...parts,
    mandate,
    audit,
    sampleTraces,
    writer: mandate.writer(parts.writer),
    state: mandate.state(parts.state),
  };
  const machines = await Promise.all(
    config.pools.map(({ provider }) =>
      calls.machines(provider, async (one) => mandate.provider(await parts.openProvider(one))),
    ),
  );
  refuseSharedGroups(config.pools, machines);
  const writers = config.pools.map((pool, i) => {
    const isGrouped = buysFromGroups(pool, (offering) => machines[i]?.groupOf(offering) ?? null);
    return new WriterWatch(pool, isGrouped, autoscalers, guarded);
  });
  const createLoops = () =>
    config.pools.map((pool, i) => {
      return new PoolLoop(pool, machines[i] as Machines, outbox, writers[i] as WriterWatch, guarded);
    });
  for (const { name, mode } of config.pools)
    if (mode === 'observe') parts.log.info({ pool: name }, 'mode observe: decides, and changes nothing');
  const service = new ActuatorService(guarded, outbox, calls, autoscalers, createLoops);
  if (leadership !== null) {
    service.showRole('follower');
    leadership.start((term) => service.turnOver(term));
  }
  return {
    tick: (nowMs) => service.tick(nowMs),
    pools: (nowMs) => service.pools(nowMs),
    planned: () => service.planned(),
    override: (pool, bytes, via) => service.override(pool, bytes, via),
    stop: () => service.stop(),
  };
}

class ActuatorService {
  readonly #parts: PoolParts;
  readonly #outbox: Outbox;
  readonly #calls: CallBook;
  readonly #autoscalers: AutoscalerWatch;
  readonly #createLoops: () => readonly PoolLoop[];
  #loops: readonly PoolLoop[];
  /** Of the last tick that led; null: this process stands by. */
  #term: number | null = null;
  #responders: Subscription[] | null = null;
  /** The ticks that were asked for, one after the other. */
  #turn: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(
    parts: PoolParts,
    outbox: Outbox,
    calls: CallBook,
    autoscalers: AutoscalerWatch,
    createLoops: () => readonly PoolLoop[],
  ) {
    this.#parts = parts;
    this.#outbox = outbox;
    this.#calls = calls;
    this.#autoscalers = autoscalers;
    this.#createLoops = createLoops;
    this.#loops = createLoops();
  }

  /** A tick of the clock and one that a new leader makes at once never overlap. */
  tick(nowMs: number): Promise<void> {
    const turn = this.#turn.then(() => this.#tick(nowMs));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** This process leads from now on, in that term; null: it leads no more. */
  turnOver(term: number | null): void {
    const { leadership, log, clock, config } = this.#parts;
    this.showRole(term === null ? 'follower' : 'leader');
    if (term === null) {
      const ended = this.#term === null ? {} : { term: this.#term };
      if (this.#stopping) log.info(ended, 'gave the lease back');
      else log.warn({ ...ended, holder: leadership?.holder() }, 'lost the lease: does nothing more');
      void this.#stopAnswering();
      return;
    }
    log.info({ term, holder: leadership?.self }, 'became leader');
    // Nobody has acted for a while. In a simulation only the conductor knows when the next tick is.
    if (this.#stopping || config.clock.source === 'bus') return;
    this.tick(clock.nowMs()).catch((error: unknown) => log.error({ err: error }, 'tick failed'));
  }

  showRole(role: Role): void {
    this.#parts.readiness.setRole(role);
    this.#parts.instruments.leader.record(role === 'leader' ? 1 : 0);
  }

  async #tick(nowMs: number): Promise<void> {
    if (await this.#leads()) await this.#act(nowMs);
    else await this.#standBy(nowMs);
    this.#calls.recordBreakers();
    const { bus, store } = await this.#outbox.flush();
    this.#show('bus', bus);
    this.#show('store', store);
  }

  /** Each term begins as a process does: with nothing but what the bucket says, and who else was seen at work. */
  async #leads(): Promise<boolean> {
    try {
      const term = await this.#parts.mandate.renew();
      this.#show('term', { ok: true });
      if (term === null) return false;
      if (this.#term !== null && this.#term !== term) await this.#rest();
      this.#term = term;
      return true;
    } catch (error) {
      this.#show('term', { ok: false, reason: error instanceof Error ? error.message : String(error) });
      return true;
    }
  }

  /** What has to be known for a while before anybody may act is looked at here as well. */
  async #standBy(nowMs: number): Promise<void> {
    await this.#stopAnswering();
    if (this.#term !== null) await this.#rest();
    this.#term = null;
    this.#show('kubernetes', { ok: true });
    if (this.#parts.config.pools.some((pool) => pool.singleWriter !== 'ignore')) await this.#autoscalers.look(nowMs);
  }

  async #rest(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    this.#loops = this.#createLoops();
  }

  /** Looks at everything anew, decides for every pool, does it, and says it. */
  async #act(nowMs: number): Promise<void> {
    await this.#answerOverrides();
    await this.#followSamples();
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
  }

  planned(): ReadonlyMap<string, Planned | null> {
    return new Map(this.#loops.map((loop) => [loop.pool.name, loop.planned]));
  }

  pools(nowMs: number) {
    return this.#loops.map((loop) => ({
      config: loop.pool,
      priceTrouble: loop.priceTrouble,
      override: loop.steering.inForce(nowMs),
      plan: loop.reporter.lastPlan,
      reactiveUsdPerHour: loop.reporter.reactiveUsdPerHour,
      decisions: loop.reporter.decisions.newestFirst,
    }));
  }

  /** Written down whether it is taken or not. */
  async override(pool: string, bytes: Uint8Array, via: string): Promise<OverrideAnswer> {
    const { audit } = this.#parts;
    let by = 'unknown';
    const held = () => {
      const loop = this.#loops.find((one) => one.pool.name === pool);
      return describeOverride(loop?.steering.inForce(this.#parts.clock.nowMs()) ?? null);
    };
    const before = held();
    const add = (end: { readonly outcome: string; readonly why?: string }) =>
      audit.add({ action: 'override', target: pool, by, via, ...end, before, after: held() });
    try {
      const answer = await this.#override(pool, bytes, (name) => {
        by = name;
      });
      add({ outcome: 'done', why: answer.what });
      return answer;
    } catch (error) {
      add({ outcome: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  }

  async #override(pool: string, bytes: Uint8Array, isBy: (name: string) => void): Promise<OverrideAnswer> {
    const nowMs = this.#parts.clock.nowMs();
    const loop = this.#loops.find((one) => one.pool.name === pool);
    if (!loop)
      throw new RangeError(`pool = ${pool}: allowed: ${this.#parts.config.pools.map((p) => p.name).join(', ')}`);
    const request = decodeOverride(bytes, nowMs);
    isBy(request.by);
    await loop.steering.apply(request);
    const text = describeRequest(request) + stillPaused(request, loop.steering.inForce(nowMs));
    const { mode } = loop.pool;
    loop.reporter.decisions.add({ mode, kind: 'override', target: pool, count: 1, why: text }, nowMs);
    await this.#tellCluster(`pool ${pool}: ${text}`, nowMs);
    const { untilMs } = request;
    return { ok: true, pool, until: untilMs === null ? null : rfc3339(untilMs), what: text };
  }

  /** The lease goes back when the tick under way has ended, and nothing is answered any more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#turn;
    await this.#stopAnswering();
    await this.#parts.leadership?.stop();
    await this.#parts.sampleTraces.stop();
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
    const { bus, log, mandate } = this.#parts;
    const responders: Subscription[] = [];
    try {
      for (const { pool } of this.#loops) {
        const responder = await bus.respond(subjects.override(pool.name), async ({ data }) => {
          return new TextEncoder().encode(JSON.stringify(await this.override(pool.name, data, 'nats')));
        });
        responders.push(responder);
      }
      this.#responders = responders;
      // It may have been lost meanwhile, and whoever leads now answers.
      if (mandate.lost) await this.#stopAnswering();
    } catch (error) {
      await Promise.allSettled(responders.map((one) => one.stop()));
      log.warn({ err: error }, 'overrides over the bus are not answered yet');
    }
  }

  /** Where each sample was taken in, for the traces: without it a plan still follows from its forecasts. */
  async #followSamples(): Promise<void> {
    const { sampleTraces, log } = this.#parts;
    await sampleTraces.follow().catch((error: unknown) => log.debug({ err: error }, 'samples are not followed yet'));
  }

  async #stopAnswering(): Promise<void> {
    const responders = this.#responders ?? [];
    this.#responders = null;
    await Promise.allSettled(responders.map((one) => one.stop()));
  }

  async #tellCluster(message: string, timeMs: number): Promise<void> {
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
