import type { Override, PoolConfig } from '@forescale/shared/config';
import type { ClusterState, Forecast } from '@forescale/shared/domain';
import type { SampleTraces } from '@forescale/shared/service';
import type { Health } from '@forescale/shared/store';
import type { Audit, OpenSpan } from '@forescale/shared/telemetry';
import {
  Executor,
  type Failure,
  type Machines,
  type NodeEvent,
  type Order,
  type Permission,
} from '../execute/index.ts';
import {
  type Action,
  EMPTY_MEMORY,
  newNodeRoom,
  offeringId,
  type Plan,
  type PlanMemory,
  type PlanState,
  plan,
  type Reason,
  type RejectedForecast,
  type SignalReading,
} from '../plan/index.ts';
import { Capacities } from './capacities.ts';
import { asksForAnother, whyNothingIsMade, withFailureOf } from './failure-memory.ts';
import { Forecasts } from './forecasts.ts';
import { LeadTimes } from './lead-time.ts';
import { LivePrices } from './live-prices.ts';
import type { Mandate } from './mandate.ts';
import type { Outbox } from './outbox.ts';
import type { ActuatorParts } from './parts.ts';
import { MemoryKeeper } from './plan-memory.ts';
import { planSpan, type SignalTraces } from './plan-span.ts';
import { PoolReporter } from './pool-reporter.ts';
import { planState } from './pool-state.ts';
import { Readings } from './readings.ts';
import { Steering } from './steering.ts';
import type { Planned } from './view.ts';
import type { WriterFinding, WriterWatch } from './writer-watch.ts';

/** What a pool shows on `/readyz`. */
const READ = ['provider', 'samples', 'forecasts', 'annotations', 'single writer'] as const;
const SHOWN = [...READ, 'work', 'state', 'memory', 'orders'] as const;
/** When an offering fails another is tried at once; so many plans in one tick at most. */
const ROUNDS_MAX = 5;

/** `writer`, `state` and the providers are the mandate's. */
export type PoolParts = ActuatorParts & {
  readonly mandate: Mandate;
  readonly audit: Audit;
  readonly sampleTraces: SampleTraces;
};

/** What is known of a pool at one tick. */
interface Picture {
  /** As configured; in mode `observe` while its nodes have, or may have, another writer. */
  readonly pool: PoolConfig;
  readonly otherWriter: WriterFinding | null;
  readonly clusterTag: string;
  readonly cluster: ClusterState;
  readonly readings: readonly SignalReading[];
  readonly forecasts: readonly Forecast[];
  readonly unreadForecasts: readonly RejectedForecast[];
  readonly override: Override | null;
  readonly permission: Permission;
  /** What is kept in the bucket could be read. Else the plan is only told: its memory must not replace what is kept. */
  readonly isRead: boolean;
}

/** The first plan of a tick, and what it was made from. */
interface Draft {
  readonly picture: Picture;
  readonly state: PlanState;
  readonly plan: Plan;
  readonly planSeconds: number;
  /** From the decision until it is told. */
  readonly span: OpenSpan;
  readonly servedByOthers: ReadonlySet<string>;
}

/** One pool: looks, decides, has it done, and has it told. */
export class PoolLoop {
  readonly reporter: PoolReporter;
  readonly steering: Steering;
  readonly #parts: PoolParts;
  readonly #executor: Executor;
  readonly #readings: Readings;
  readonly #forecasts: Forecasts;
  readonly #leadTimes: LeadTimes;
  readonly #capacities: Capacities;
  readonly #prices: LivePrices;
  readonly #keeper: MemoryKeeper;
  readonly #writers: WriterWatch;
  #memory: PlanMemory = EMPTY_MEMORY;
  #picture: Picture | null = null;
  #draft: Draft | null = null;
  #events: NodeEvent[] = [];
  #failures: Failure[] = [];
  /** Why nothing is made until a human has changed something; null: it is, or nothing was wanted. */
  #refusal: string | null = null;

  constructor(pool: PoolConfig, machines: Machines, outbox: Outbox, writers: WriterWatch, parts: PoolParts) {
    const { state, writer, random, store, bus } = parts;
    this.#parts = parts;
    this.#prices = new LivePrices(pool, machines, parts);
    const keeper = new MemoryKeeper(state, pool.name);
    this.#keeper = keeper;
    const isCurrent = () => keeper.isCurrent();
    const mayBegin = () => this.steering.inForce(parts.clock.nowMs())?.paused !== true;
    const { tickMs } = parts.config.clock;
    const steered = { clock: parts.clock, random, tickMs, isCurrent, mayBegin };
    this.#executor = new Executor({ pool, machines, writer, state, ...steered });
    this.#readings = new Readings(pool, store, bus);
    this.#forecasts = new Forecasts(pool, bus);
    this.#leadTimes = new LeadTimes(state, pool.name);
    this.#capacities = new Capacities(pool, store, state);
    this.reporter = new PoolReporter(pool, outbox, parts);
    this.#writers = writers;
    this.steering = new Steering(pool.name, parts);
  }

  /** As configured, at the prices that are known now. */
  get pool(): PoolConfig {
    return this.#prices.pool;
  }

  /** Why prices are not as new as they should be; null: they are. */
  get priceTrouble(): string | null {
    return this.#prices.trouble;
  }

  /** Before the cluster is read, so that no machine is newer than the picture it is compared with. */
  async look(clusterTag: string, nowMs: number): Promise<void> {
    this.#show('provider', await this.#executor.look(clusterTag, nowMs));
  }

  /** Runs one part of the tick. What nobody has foreseen holds up this pool, and no other. */
  async part(work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#draft?.span.end(error);
      this.#picture = null;
      this.#draft = null;
      this.#parts.log.error({ err: error, pool: this.pool.name }, 'this tick of the pool has failed');
      this.#show('work', { ok: false, reason: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Gathers what planning needs, and moves what is under way one step on. */
  async prepare(clusterTag: string, cluster: ClusterState, nowMs: number): Promise<void> {
    this.#picture = null;
    this.#show('work', { ok: true });
    const [samples, forecasts, kept, notes] = await Promise.all([
      this.#readings.read(nowMs),
      this.#forecasts.read(),
      healthOf(this.#readState()),
      this.steering.readNotes(nowMs),
      this.#prices.refresh(nowMs),
    ]);
    this.#show('samples', samples.store);
    this.#show('forecasts', forecasts.bus);
    this.#show('annotations', notes);
    const override = this.steering.inForce(nowMs);
    const { pool, otherWriter } = await this.#oneWriter(cluster, nowMs);
    // What cannot be journalled or fenced must not be done.
    let permission = kept.ok ? permissionOf(this.pool, override, otherWriter) : 'nothing';
    const settled = kept.ok ? await healthOf(this.#executor.settle(clusterTag, cluster, permission, nowMs)) : kept;
    if (!settled.ok) permission = 'nothing';
    this.#show('state', settled);
    const { readings } = samples;
    this.#picture = {
      pool,
      otherWriter,
      clusterTag,
      cluster,
      readings,
      forecasts: forecasts.forecasts,
      unreadForecasts: forecasts.unread,
      override,
      permission,
      isRead: kept.ok,
    };
  }

  /** Decides, without doing anything yet. `served`: pending pods that a pool has found places for; this one's are added. */
  decide(served: Set<string>, nowMs: number): void {
    const picture = this.#picture;
    this.#draft = null;
    if (picture === null) return;
    this.#absorb(nowMs);
    const servedByOthers = new Set(served);
    const state = this.#state(picture, servedByOthers, nowMs);
    const startedMs = this.#parts.ioClock.nowMs();
    const first = this.#plan(state, picture, nowMs);
    const planSeconds = (this.#parts.ioClock.nowMs() - startedMs) / 1_000;
    for (const uid of first.servedPodUids) served.add(uid);
    this.#draft = {
      picture,
      state,
      plan: first,
      planSeconds,
      span: planSpan(first, this.#traces, startedMs),
      servedByOthers,
    };
  }

  /** Does what was decided. Where an offering turns out to have no machines, the pool is planned again at once. */
  async act(nowMs: number): Promise<void> {
    const draft = this.#draft;
    if (draft === null) return;
    await draft.span.finish(() => this.#actOn(draft, nowMs));
  }

  async #actOn(draft: Draft, nowMs: number): Promise<void> {
    const { picture, servedByOthers } = draft;
    const actions: Action[] = [];
    let now = draft.plan;
    for (let round = 1; ; round++) {
      actions.push(...now.actions);
      const failedBefore = this.#failures.length;
      if (!(await this.#carryOut(now, picture, nowMs))) break;
      this.#absorb(nowMs);
      if (round === ROUNDS_MAX || !this.#failures.slice(failedBefore).some(asksForAnother)) break;
      // What is on its way is known from the journal, which a write that failed leaves unread.
      if (!(await healthOf(this.#executor.load())).ok) break;
      now = this.#plan(this.#state(picture, servedByOthers, nowMs), picture, nowMs);
    }
    const { desired, ready, starting } = now.report;
    if (ready + starting >= desired) this.#refusal = null;
    this.#show('orders', this.#refusal === null ? { ok: true } : { ok: false, reason: this.#refusal });
    // What failed after the memory was saved must not be forgotten by the next tick.
    if (picture.isRead && this.#memory !== now.memory)
      this.#show('memory', await healthOf(this.#keeper.save(this.#memory)));
    // Whoever leads now tells its own plan, under the same number.
    if (this.#parts.mandate.lost) return;
    await this.#learn(draft.state, nowMs);
    const { state, planSeconds } = draft;
    const events = this.#events.splice(0);
    const failures = this.#failures.splice(0);
    const { cluster, pool } = picture;
    await this.reporter.tell({ pool, cluster, state, plan: { ...now, actions }, planSeconds, events, failures }, nowMs);
  }

  /** The last plan and what it was made from; null when the last tick could not plan. */
  get planned(): Planned | null {
    const draft = this.#draft;
    return draft && { state: draft.state, forecasts: draft.picture.forecasts, plan: draft.plan };
  }

  async stop(): Promise<void> {
    this.#prices.stop();
    await this.#readings.stop();
    for (const part of SHOWN) this.#show(part, { ok: true });
  }

  #plan(state: PlanState, { pool, forecasts, otherWriter }: Picture, nowMs: number): Plan {
    const made = plan(state, forecasts, pool, nowMs, this.#parts.solve);
    if (otherWriter === null) return made;
    const reason: Reason = { code: 'other-writer', text: otherWriter.text };
    return { ...made, report: { ...made.report, reasons: [reason, ...made.report.reasons] } };
  }

  /** Where its signals were last forecast and sampled. */
  get #traces(): readonly SignalTraces[] {
    return this.pool.signals.map(({ name }) => ({
      signal: name,
      forecast: this.#forecasts.traceOf(name),
      sample: this.#parts.sampleTraces.of(this.pool.name, name),
    }));
  }

  /** While somebody else creates and removes its nodes, a pool only observes. */
  async #oneWriter(cluster: ClusterState, nowMs: number): Promise<Pick<Picture, 'pool' | 'otherWriter'>> {
    const otherWriter = await this.#writers.look(cluster, this.reporter.decisions, nowMs);
    if (otherWriter === null) {
      this.#show('single writer', { ok: true });
      return { pool: this.pool, otherWriter: null };
    }
    if (this.pool.mode === 'enforce') this.#show('single writer', { ok: false, reason: otherWriter.text });
    return { pool: { ...this.pool, mode: 'observe' }, otherWriter };
  }

  /** The memory is saved first: whoever has planned on the same memory is refused, and does nothing. */
  async #carryOut(decided: Plan, picture: Picture, nowMs: number): Promise<boolean> {
    this.#memory = decided.memory;
    if (!picture.isRead) return false;
    const saved = await healthOf(this.#keeper.save(decided.memory));
    this.#show('memory', saved);
    if (!saved.ok) this.#executor.forget();
    if (!saved.ok || picture.permission === 'nothing') return false;
    const { clusterTag, cluster, permission } = picture;
    const orders = decided.actions.map(orderOf);
    await this.#executor.perform(clusterTag, orders, decided.memory.generation, cluster, permission, nowMs);
    return true;
  }

  /** The memory first, and taken in at once: that another actuator has written it is said only once. */
  async #readState(): Promise<void> {
    const { memory, isOwn } = await this.#keeper.load();
    // Plans that were told and not kept have their numbers all the same.
    this.#memory = { ...memory, generation: Math.max(memory.generation, this.#memory.generation) };
    if (!isOwn) this.#executor.forget();
    await Promise.all([this.steering.refresh(), this.#leadTimes.load(), this.#capacities.load()]);
  }

  #state(
    { pool, cluster, readings, unreadForecasts, override }: Picture,
    servedPodUids: ReadonlySet<string>,
    nowMs: number,
  ): PlanState {
    return planState({
      pool,
      cluster,
      records: this.#executor.records,
      reclaimedMs: this.#executor.noticedMs('reclaim'),
      atRiskMs: this.#executor.noticedMs('rebalance'),
      held: this.#executor.held,
      readings,
      unreadForecasts,
      leadTimeMs: this.#leadTimes.poolMs(this.pool.leadTimeMs),
      leadTimes: this.#leadTimes.byOffering(),
      capacities: this.#capacities.all,
      tickMs: this.#parts.config.clock.tickMs,
      nowMs,
      override,
      memory: this.#memory,
      homeNode: this.#parts.homeNode,
      servedPodUids,
    });
  }

  /** Takes in what execution has to tell: failures go into the memory that the next plan is made from. */
  #absorb(nowMs: number): void {
    const { events, failures, troubles } = this.#executor.takeNews();
    for (const text of troubles) this.#parts.log.warn({ pool: this.pool.name }, text);
    for (const failure of failures) {
      this.#memory = withFailureOf(this.#memory, failure, this.pool, nowMs);
      this.#refusal = whyNothingIsMade(failure) ?? this.#refusal;
    }
    if (events.some(({ event }) => event === 'launched')) this.#refusal = null;
    this.#events.push(...events);
    this.#failures.push(...failures);
  }

  /** For the plans to come. */
  async #learn(state: PlanState, nowMs: number): Promise<void> {
    const starts = this.#events.flatMap(({ event, record, seconds }) =>
      event === 'ready' && seconds !== null ? [{ offeringId: offeringId(record.offering), seconds }] : [],
    );
    const learned = await healthOf(this.#leadTimes.add(starts));
    if (!learned.ok) this.#parts.log.warn({ pool: this.pool.name }, `lead times are not kept: ${learned.reason}`);
    const capacities = await healthOf(this.#capacities.learn(newNodeRoom(this.pool, state.nodes), nowMs));
    if (!capacities.ok)
      this.#parts.log.warn({ pool: this.pool.name }, `capacities are not learned: ${capacities.reason}`);
  }

  #show(part: (typeof SHOWN)[number], health: Health): void {
    this.#parts.readiness.set(`${part} of pool ${this.pool.name}`, health);
  }
}

/** `pool` is as configured: a pool that acted before another writer came has work to end. A pause changes least. */
function permissionOf(pool: PoolConfig, override: Override | null, otherWriter: WriterFinding | null): Permission {
  if (pool.mode === 'observe' || pool.provider.kind === 'none') return 'nothing';
  if (override?.paused || otherWriter?.kind === 'unknown') return 'finish';
  return otherWriter === null ? 'all' : 'withdraw';
}

function orderOf(action: Action): Order {
  const { reason, ...rest } = action;
  return { ...rest, why: reason };
}

async function healthOf(work: Promise<unknown>): Promise<Health> {
  try {
    await work;
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
