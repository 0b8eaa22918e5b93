import type { Point } from '@forescale/shared/store';
import { encodeEvent, type NodeEventData, type PlanData, rfc3339 } from '@forescale/shared/wire';
import type { NodeEvent } from '../execute/index.ts';
import type { Action, PlanReport, PriceBasis } from '../plan/index.ts';
import type { NeedMet } from './need-watch.ts';

const SOURCE = '/forescale/actuator';

/** A plan as it stands on `forescale.v1.plan.<pool>`. */
export function planData(report: PlanReport, actions: readonly Action[]): PlanData {
  const clip = (text: string, length: number) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
  return {
    pool: report.pool,
    time: rfc3339(report.atMs),
    mode: report.mode,
    generation: report.generation,
    need: report.need,
    floor: report.floor,
    floor_from: clip(report.floorFrom, 200),
    ceiling: report.ceiling,
    ceiling_from: clip(report.ceilingFrom, 200),
    desired: report.desired,
    ready: report.ready,
    starting: report.starting,
    draining: report.draining,
    usd_per_hour: report.usdPerHour,
    prices: { source: report.prices.source, as_of: report.prices.asOf, estimate: report.prices.estimate },
    lead_time: { seconds: report.leadTimeMs / 1_000, why: clip(report.leadTimeWhy, 500) },
    capacities: report.capacities
      .slice(0, 100)
      .map(({ signal, perNode, from, why }) => ({ signal, per_node: perNode, from, why: clip(why, 500) })),
    needs: report.needs
      .slice(0, 100)
      .map(({ source, nodes, why }) => ({ source: clip(source, 128), nodes, why: clip(why, 500) })),
    reasons: report.reasons.slice(0, 200).map(({ code, text }) => ({ code: clip(code, 63), text: clip(text, 1_000) })),
    actions: actions.slice(0, 10_000).map((action) => ({
      kind: action.kind,
      target: clip(actionTarget(action), 253),
      count: actionCount(action),
      why: clip(action.reason, 500),
    })),
  };
}

/** What an action is about: a machine to buy, or a node's name. */
export function actionTarget(action: Action): string {
  if (action.kind === 'create') {
    const { instanceType, zone, capacityType } = action.offering;
    return `${instanceType} ${zone} ${capacityType}`;
  }
  if (action.kind === 'headroom') return 'placeholders';
  return action.kind === 'cancel-start' ? action.requestId : action.nodeName;
}

/** Of machines, nodes, or placeholders. */
export function actionCount(action: Action): number {
  if (action.kind === 'create') return action.count;
  return action.kind === 'headroom' ? action.replicas : 1;
}

export function encodePlan(data: PlanData, report: PlanReport): Uint8Array {
  return encodeEvent('plan', { id: planId(report), source: SOURCE, timeMs: report.atMs }, data);
}

export function planId(report: PlanReport): string {
  return `${report.pool}.${report.generation}`;
}

/** An event as it stands on `forescale.v1.node.<pool>.<event>`. */
export function encodeNodeEvent(provider: string, { event, record, timeMs, seconds, why }: NodeEvent): Uint8Array {
  const data: NodeEventData = {
    pool: record.pool,
    event,
    time: rfc3339(timeMs),
    node: record.nodeName,
    machine: record.machineIds[0] ?? null,
    provider,
    zone: record.offering.zone,
    instance_type: record.offering.instanceType,
    capacity_type: record.offering.capacityType,
    seconds,
    why: why.slice(0, 1_000),
  };
  return encodeEvent('node', { id: nodeEventId({ event, record, timeMs }), source: SOURCE, timeMs }, data);
}

export function nodeEventId({ event, record, timeMs }: Pick<NodeEvent, 'event' | 'record' | 'timeMs'>): string {
  return `${record.requestId}.${event}.${timeMs}`;
}

/**
 * The points of the measurement `node`. Nodes of one kind share all tags, since a tag per node name would make series
 * without end; so each event of a tick gets a millisecond of its own (`index`).
 */
export function nodePoint(provider: string, { event, record, timeMs, seconds }: NodeEvent, index: number): Point {
  const { zone, instanceType, capacityType } = record.offering;
  return {
    measurement: 'node',
    tags: { pool: record.pool, provider, zone, type: instanceType, capacity: capacityType },
    fields: { event, node: record.nodeName, ...(seconds === null ? {} : { seconds }) },
    timeMs: timeMs + index,
  };
}

export function planPoint(report: PlanReport): Point {
  const { need, floor, ceiling, desired, ready, starting, draining, mode, atMs } = report;
  return {
    measurement: 'plan',
    tags: { pool: report.pool },
    fields: { need, floor, ceiling, desired, ready, starting, draining, mode },
    timeMs: atMs,
  };
}

export interface Cost {
  readonly usdPerHour: Readonly<Record<'on_demand' | 'spot', number>>;
  /** Those that are paid for: Ready or on their way. */
  readonly nodes: Readonly<Record<'on_demand' | 'spot', number>>;
  /**
   * What it would cost now otherwise, in USD per hour: with a reactive autoscaler's nodes, and with the same machines all
   * on demand. Null while that is not known.
   */
  readonly baselines: Readonly<Record<'reactive' | 'on_demand', number | null>>;
  /** What both rest on: savings by static prices are not measured ones. */
  readonly prices: PriceBasis['source'];
}

/**
 * The points of the measurement `cost`, one per capacity type. What is saved against a reactive autoscaler is the
 * pool's as a whole: it is split by cost, so that the sums over both types are the pool's.
 */
export function costPoints(pool: string, cost: Cost, timeMs: number): Point[] {
  const total = cost.usdPerHour.on_demand + cost.usdPerHour.spot;
  const { reactive, on_demand } = cost.baselines;
  const saved = reactive === null ? null : reactive - total;
  const bySpot = on_demand === null ? null : on_demand - total;
  return (['on_demand', 'spot'] as const).map((capacity) => {
    const usd = cost.usdPerHour[capacity];
    const share = total > 0 ? usd / total : Number(capacity === 'on_demand');
    return {
      measurement: 'cost',
      tags: { pool, capacity },
      fields: {
        usd_per_hour: usd,
        nodes: cost.nodes[capacity],
        prices: cost.prices,
        ...(saved === null ? {} : { saved_usd_per_hour: saved * share }),
        // Machines on demand save nothing against themselves.
        ...(bySpot === null ? {} : { saved_on_demand_usd_per_hour: capacity === 'spot' ? bySpot : 0 }),
      },
      timeMs,
    };
  });
}

/**
 * The points of the measurement `scaling`, one per node that met its need: seconds that it was Ready before it, and, where
 * it came late, seconds that the need waited. Each of a tick gets a millisecond of its own.
 */
export function scalingPoints(pool: string, met: readonly NeedMet[], timeMs: number): Point[] {
  return met.map(({ leadSeconds }, index) => ({
    measurement: 'scaling',
    tags: { pool },
    fields: { lead_seconds: leadSeconds, latency_seconds: Math.max(0, -leadSeconds) },
    timeMs: timeMs + index,
  }));
}
