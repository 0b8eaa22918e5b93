import { type PoolConfig, providersOf } from '@forescale/shared/config';
import type { ClusterState } from '@forescale/shared/domain';
import { asPartOf } from '@forescale/shared/telemetry';
import { type PlanData, subjects } from '@forescale/shared/wire';
import type { Failure, NodeEvent } from '../execute/index.ts';
import type { Plan, PlanReport, PlanState } from '../plan/index.ts';
import {
  type Cost,
  costPoints,
  encodeNodeEvent,
  encodePlan,
  nodeEventId,
  nodePoint,
  planData,
  planId,
  planPoint,
  scalingPoints,
} from './announce.ts';
import { clusterEvents, writeClusterEvents } from './cluster-events.ts';
import { nodesByCapacity, onDemandUsdPerHour, usdByCapacity } from './cost.ts';
import { DecisionLog } from './decisions.ts';
import { type ForecastChange, ForecastWatch } from './forecast-watch.ts';
import { type NeedMet, NeedWatch } from './need-watch.ts';
import { traceNode } from './node-spans.ts';
import type { Outbox } from './outbox.ts';
import type { ActuatorParts } from './parts.ts';
import { PoolMeter } from './pool-meter.ts';
import { ShadowCost } from './shadow-cost.ts';

/** What one tick of a pool came to. */
export interface Outcome {
  /** At the prices of this tick. */
  readonly pool: PoolConfig;
  readonly cluster: ClusterState;
  readonly state: PlanState;
  /** With the actions of all rounds. */
  readonly plan: Plan;
  readonly planSeconds: number;
  readonly events: readonly NodeEvent[];
  readonly failures: readonly Failure[];
}

/** Says what a pool decides and does: on the bus, into the store, as metrics, and as events of the cluster. */
export class PoolReporter {
  readonly decisions = new DecisionLog();
  /** The last plan as it was published. */
  lastPlan: PlanData | null = null;
  reactiveUsdPerHour: number | null = null;
  readonly #pool: PoolConfig;
  readonly #outbox: Outbox;
  readonly #parts: Pick<ActuatorParts, 'config' | 'writer' | 'instruments' | 'log'>;
  readonly #meter: PoolMeter;
  readonly #needWatch = new NeedWatch();
  readonly #shadow: ShadowCost;
  readonly #forecastWatch: ForecastWatch;
  #boundBy: string | null = null;

  constructor(
    pool: PoolConfig,
    outbox: Outbox,
    parts: Pick<ActuatorParts, 'config' | 'writer' | 'instruments' | 'log'>,
  ) {
    this.#pool = pool;
    this.#outbox = outbox;
    this.#parts = parts;
    this.#meter = new PoolMeter(pool.name, parts.instruments);
    this.#shadow = new ShadowCost();
    this.#forecastWatch = new ForecastWatch(pool.signals.map(({ name }) => name));
  }

  async tell(outcome: Outcome, nowMs: number): Promise<void> {
    const { plan, state, events } = outcome;
    const { report } = plan;
    this.reactiveUsdPerHour = this.#shadow.step(state.readings, report, outcome.pool);
    const cost: Cost = {
      usdPerHour: usdByCapacity(state),
      nodes: nodesByCapacity(state),
      baselines: { reactive: this.reactiveUsdPerHour, on_demand: onDemandUsdPerHour(state, outcome.pool) },
      prices: report.prices.source,
    };
    const met = this.#leadsOf(outcome, nowMs);
    const told = events.map((event) => ({ event, provider: this.#sellerOf(event) }));
    this.lastPlan = planData(report, plan.actions);
    this.#outbox.publish(subjects.plan(this.#pool.name), encodePlan(this.lastPlan, report), planId(report));
    for (const { event, provider } of told) {
      const subject = subjects.node(this.#pool.name, event.event);
      const publish = () => this.#outbox.publish(subject, encodeNodeEvent(provider, event), nodeEventId(event));
      asPartOf(traceNode(event), publish);
    }
    this.#outbox.record([
      planPoint(report),
      ...costPoints(this.#pool.name, cost, nowMs),
      ...told.map(({ event, provider }, index) => nodePoint(provider, event, index)),
      ...scalingPoints(this.#pool.name, met, nowMs),
    ]);
    this.#meter.plan(report, outcome.planSeconds);
    this.#meter.readings(state.readings);
    this.#meter.cost(cost);
    this.#meter.events(told);
    this.#meter.leads(met);
    await this.#tellCluster(outcome, nowMs);
  }

  /** The kind of provider that the node is bought from: one of several, in a mix. */
  #sellerOf({ record }: NodeEvent): string {
    const { provider } = this.#pool;
    return providersOf(provider).get(record.offering.provider)?.kind ?? provider.kind;
  }

  async #tellCluster({ plan, failures, events, cluster }: Outcome, nowMs: number): Promise<void> {
    const { log, writer, config } = this.#parts;
    // A pool whose nodes have another writer observes, whatever is configured.
    const { mode } = plan.report;
    // What became of a forecast is the cause of what was decided: it stands before it.
    const forecastChanges = this.#forecastWatch.observe(plan.report, nowMs);
    for (const change of forecastChanges) this.#tellForecast(change, nowMs);
    const fresh = this.decisions.addPlan(plan.actions, mode, nowMs);
    for (const { stage, nodeName, message } of failures) {
      this.decisions.add({ mode, kind: `${stage}-failed`, target: nodeName, count: 1, why: message }, nowMs);
      log.warn({ pool: this.#pool.name, node: nodeName, stage }, message);
    }
    const written = clusterEvents({
      pool: this.#pool.name,
      namespace: config.kubernetes.namespace,
      mode,
      actions: fresh,
      failures,
      nodeEvents: events,
      forecastChanges,
      boundBy: plan.report.boundBy === this.#boundBy ? null : plan.report.boundBy,
      cluster,
      timeMs: nowMs,
    });
    this.#boundBy = plan.report.boundBy;
    const lost = await writeClusterEvents(writer, written);
    if (lost > 0) log.debug({ pool: this.#pool.name }, `${lost} events of the cluster could not be written`);
  }

  #tellForecast({ signal, accepted, why }: ForecastChange, nowMs: number): void {
    const kind = accepted ? 'forecast-accepted' : 'forecast-rejected';
    this.decisions.add(
      { mode: this.#pool.mode, kind, target: signal, count: 1, why: `forecast of ${signal} ${why}` },
      nowMs,
    );
    this.#parts.log[accepted ? 'info' : 'warn']({ pool: this.#pool.name, signal }, `forecast ${why}`);
  }

  /** By rank, how long before or after its need each node that is Ready now came. */
  #leadsOf({ plan: { report }, events }: Outcome, nowMs: number): readonly NeedMet[] {
    const readyTimesMs = events
      .filter(({ event, seconds }) => event === 'ready' && seconds !== null)
      .map(({ record }) => record.readyMs ?? nowMs);
    const needed = Math.max(0, ...report.needs.filter(isOfNow).map((need) => need.nodes));
    return this.#needWatch.observe(report.ready, needed, readyTimesMs, nowMs);
  }
}

/** What is needed now, rather than expected. */
function isOfNow({ source }: PlanReport['needs'][number]): boolean {
  return source.startsWith('observed:') || source === 'pending';
}
