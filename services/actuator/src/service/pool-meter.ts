import type { Instruments } from '@forescale/shared/telemetry';
import type { NodeEvent } from '../execute/index.ts';
import type { PlanReport, SignalReading } from '../plan/index.ts';
import type { Cost } from './announce.ts';
import { usedSignals } from './forecast-watch.ts';
import type { NeedMet } from './need-watch.ts';

/** One event of a node, and the kind of provider that the node is bought from. */
export interface Told {
  readonly event: NodeEvent;
  readonly provider: string;
}

/** Records what a tick of one pool came to, as metrics. */
export class PoolMeter {
  readonly #pool: string;
  readonly #instruments: Instruments;

  constructor(pool: string, instruments: Instruments) {
    this.#pool = pool;
    this.#instruments = instruments;
    // A counter that is first seen at 1 has grown by nothing, as Prometheus sees it.
    instruments.spotInterruptions.add(0, { pool });
  }

  plan(report: PlanReport, planSeconds: number): void {
    const instruments = this.#instruments;
    const pool = this.#pool;
    instruments.planDuration.record(planSeconds, { pool });
    for (const name of ['ready', 'starting', 'draining', 'desired'] as const)
      instruments.nodes.record(report[name], { pool, state: name });
    for (const name of ['need', 'floor', 'ceiling'] as const)
      instruments.nodesBounds.record(report[name], { pool, bound: name });
    if (report.wantedBack > 0) instruments.nodesWantedBack.add(report.wantedBack, { pool });
    instruments.safeToScale.record(report.reasons.some((one) => one.code === 'hold-unhealthy') ? 0 : 1, { pool });
    for (const signal of usedSignals(report)) instruments.forecastRejected.record(0, { pool, signal });
    for (const { signal } of report.rejectedForecasts) instruments.forecastRejected.record(1, { pool, signal });
  }

  readings(readings: readonly SignalReading[]): void {
    for (const { signal, value } of readings) this.#instruments.signalValue.record(value, { pool: this.#pool, signal });
  }

  cost({ usdPerHour, nodes, baselines, prices }: Cost): void {
    const { costRate, costByCapacity, costSavedRate, nodesByCapacity } = this.#instruments;
    const pool = this.#pool;
    const total = usdPerHour.on_demand + usdPerHour.spot;
    costRate.record(total, { pool, prices });
    for (const capacity of ['on_demand', 'spot'] as const) {
      costByCapacity.record(usdPerHour[capacity], { pool, capacity, prices });
      nodesByCapacity.record(nodes[capacity], { pool, capacity });
    }
    for (const baseline of ['reactive', 'on_demand'] as const) {
      const usd = baselines[baseline];
      if (usd !== null) costSavedRate.record(usd - total, { pool, baseline, prices });
    }
  }

  events(events: readonly Told[]): void {
    const { spotInterruptions, nodeStartTime, nodeReadinessTime } = this.#instruments;
    const pool = this.#pool;
    for (const { event: told, provider } of events) {
      const { event, seconds } = told;
      if (event === 'interrupted') spotInterruptions.add(1, { pool });
      if (isStep(event) && seconds !== null) nodeStartTime.record(seconds, { pool, provider, step: event });
      if (event === 'ready' && seconds !== null) nodeReadinessTime.record(seconds, { pool, provider });
    }
  }

  leads(met: readonly NeedMet[]): void {
    const pool = this.#pool;
    for (const { leadSeconds } of met) {
      this.#instruments.scalingLeadTime.record(leadSeconds, { pool });
      if (leadSeconds < 0) this.#instruments.scalingLatency.record(-leadSeconds, { pool });
    }
  }
}

/** What a node reaches on its way from the request to being of use. */
function isStep(event: NodeEvent['event']): boolean {
  return event === 'launched' || event === 'registered' || event === 'ready' || event === 'useful';
}
