import { type PoolConfig, providersOf } from '@forescale/shared/config';
import type { ClusterState } from '@forescale/shared/domain';
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
} from './announce.ts';
import { clusterEvents, writeClusterEvents } from './cluster-events.ts';
import { DecisionLog } from './decisions.ts';
import { type ForecastChange, ForecastWatch, usedSignals } from './forecast-watch.ts';
import { NeedWatch } from './need-watch.ts';
import type { Outbox } from './outbox.ts';
import type { ActuatorParts } from './parts.ts';
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
    this.#shadow = new ShadowCost();
    this.#forecastWatch = new ForecastWatch(pool.signals.map(({ name }) => name));
  }

  async tell(outcome: Outcome, nowMs: number): Promise<void> {
    const { plan, state, events } = outcome;
    const { report } = plan;
    this.reactiveUsdPerHour = this.#shadow.step(state.readings, report, outcome.pool);
    const cost: Cost = {
      usdPerHour: usdByCapacity(state),
      reactiveUsdPerHour: this.reactiveUsdPerHour,
      prices: report.prices.source,
    };
    this.lastPlan = planData(report, plan.actions);
    this.#outbox.publish(subjects.plan(this.#pool.name), encodePlan(this.lastPlan, report), planId(report));
    for (const event of events)
      this.#outbox.publish(
        subjects.node(this.#pool.name, event.event),
        encodeNodeEvent(this.#sellerOf(event), event),
        nodeEventId(event),
      );
    this.#outbox.record([
      planPoint(report),
      ...costPoints(this.#pool.name, cost, nowMs),
      ...events.map((event, index) => nodePoint(this.#sellerOf(event), event, index)),
    ]);
    this.#measure(outcome, cost, nowMs);
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

  #measure({ plan, planSeconds, events }: Outcome, cost: Cost, nowMs: number): void {
    const { instruments } = this.#parts;
    const { report } = plan;
    const pool = this.#pool.name;
    instruments.planDuration.record(planSeconds, { pool });
    for (const name of ['ready', 'starting', 'draining', 'desired'] as const)
      instruments.nodes.record(report[name], { pool, state: name });
    const { on_demand, spot } = cost.usdPerHour;
    const { prices } = cost;
    instruments.costRate.record(on_demand + spot, { pool, prices });
    if (cost.reactiveUsdPerHour !== null)
      instruments.costSavedRate.record(cost.reactiveUsdPerHour - on_demand - spot, {
        pool,
        baseline: 'reactive',
        prices,
      });
    if (report.wantedBack > 0) instruments.nodesWantedBack.add(report.wantedBack, { pool });
    instruments.safeToScale.record(report.reasons.some((one) => one.code === 'hold-unhealthy') ? 0 : 1, { pool });
    for (const signal of usedSignals(report)) instruments.forecastRejected.record(0, { pool, signal });
    for (const { signal } of report.rejectedForecasts) instruments.forecastRejected.record(1, { pool, signal });
    const readyTimesMs: number[] = [];
    for (const told of events) {
      const { event, record, seconds } = told;
      const provider = this.#sellerOf(told);
      if (event === 'interrupted') instruments.spotInterruptions.add(1, { pool });
      if (isStep(event) && seconds !== null) instruments.nodeStartTime.record(seconds, { pool, provider, step: event });
      if (event !== 'ready' || seconds === null) continue;
      instruments.nodeReadinessTime.record(seconds, { pool, provider });
      readyTimesMs.push(record.readyMs ?? nowMs);
    }
    const needed = Math.max(0, ...report.needs.filter(isOfNow).map((need) => need.nodes));
    for (const { leadSeconds } of this.#needWatch.observe(report.ready, needed, readyTimesMs, nowMs)) {
      instruments.scalingLeadTime.record(leadSeconds, { pool });
      if (leadSeconds < 0) instruments.scalingLatency.record(-leadSeconds, { pool });
    }
  }
}

/** What is needed now, rather than expected. */
function isOfNow({ source }: PlanReport['needs'][number]): boolean {
  return source.startsWith('observed:') || source === 'pending';
}

/** What a node reaches on its way from the request to being of use. */
function isStep(event: NodeEvent['event']): boolean {
  return event === 'launched' || event === 'registered' || event === 'ready' || event === 'useful';
}

function usdByCapacity(state: PlanState): Cost['usdPerHour'] {
  const usd = { on_demand: 0, spot: 0 };
  for (const node of state.nodes) usd[node.capacityType] += node.usdPerHour;
  for (const { offering } of state.starting) usd[offering.capacityType] += offering.usdPerHour;
  return usd;
}
