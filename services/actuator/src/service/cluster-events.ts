import type { ClusterState } from '@forescale/shared/domain';
import type { ClusterEvent, ClusterWriter } from '@forescale/shared/kubernetes';
import type { Failure, NodeEvent } from '../execute/index.ts';
import type { Action } from '../plan/index.ts';
import { actionTarget } from './announce.ts';
import type { ForecastChange } from './forecast-watch.ts';

/** Events cost the API server; a plan of a thousand nodes is not worth a thousand of them. */
const PER_TICK_MAX = 20;

const FAILURE_REASONS: Readonly<Record<Failure['stage'], string>> = {
  create: 'FailedToScaleUp',
  boot: 'NodeNotReady',
  drain: 'FailedDraining',
  interrupted: 'SpotInterrupted',
};

export interface ToldOfTick {
  readonly pool: string;
  readonly namespace: string;
  readonly mode: 'observe' | 'enforce';
  readonly actions: readonly Action[];
  readonly failures: readonly Failure[];
  readonly nodeEvents: readonly NodeEvent[];
  /** Of which forecasts begin to be rejected, or are used again. */
  readonly forecastChanges: readonly ForecastChange[];
  /** The bound that has begun to keep the pool from its need; null when none has. */
  readonly boundBy: string | null;
  readonly cluster: ClusterState;
  readonly timeMs: number;
}

/** What `kubectl get events` shows of one tick, in the words that other autoscalers use. */
export function clusterEvents(told: ToldOfTick): ClusterEvent[] {
  const { pool, timeMs } = told;
  const uids = new Map(told.cluster.nodes.map((node) => [node.name, node.uid]));
  const observed = told.mode === 'observe';
  const event = (type: ClusterEvent['type'], reason: string, message: string, node: string | null): ClusterEvent => {
    const uid = node === null ? undefined : uids.get(node);
    const about =
      node !== null && uid !== undefined
        ? { kind: 'Node' as const, name: node, uid }
        : { kind: 'Namespace' as const, name: told.namespace, uid: '' };
    return { ...about, type, reason, message: `pool ${pool}: ${message}`, timeMs };
  };
  const failed = told.failures.map(({ stage, errorClass, nodeName, message }) => {
    const reason = errorClass === 'capacity' ? 'InsufficientCapacityError' : FAILURE_REASONS[stage];
    return event('Warning', reason, `${nodeName}: ${message}`, nodeName);
  });
  const bound = told.boundBy === null ? [] : [event('Warning', 'NotTriggerScaleUp', `bound by ${told.boundBy}`, null)];
  const forecasts = told.forecastChanges.map(({ signal, accepted, why }) =>
    accepted
      ? event('Normal', 'ForecastAccepted', `forecast of ${signal} ${why}`, null)
      : event('Warning', 'ForecastRejected', `forecast of ${signal} ${why}; the observed load goes on alone`, null),
  );
  const planned = told.actions.map((action) => {
    const target = actionTarget(action);
    if (action.kind === 'create')
      return event(
        'Normal',
        observed ? 'WouldScaleUp' : 'TriggeredScaleUp',
        `${action.count} x ${target}: ${action.reason}`,
        null,
      );
    if (action.kind === 'headroom')
      return event('Normal', observed ? 'WouldHoldRoom' : 'HoldsRoom', action.reason, null);
    const reason = action.kind === 'drain' ? 'ScaleDown' : 'ScaleDownCancelled';
    const node = action.kind === 'cancel-start' ? null : action.nodeName;
    return event('Normal', observed ? `Would${reason}` : reason, `${action.kind} ${target}: ${action.reason}`, node);
  });
  const came = told.nodeEvents
    .filter((one) => one.event === 'ready')
    .map(({ record, seconds }) =>
      event('Normal', 'ScaledUp', `Ready ${Math.round(seconds ?? 0)} s after its request`, record.nodeName),
    );
  return [...failed, ...forecasts, ...bound, ...planned, ...came].slice(0, PER_TICK_MAX);
}

/** Resolves when all are written or refused: an event that is lost is a pity, not a failure. */
export async function writeClusterEvents(writer: ClusterWriter, events: readonly ClusterEvent[]): Promise<number> {
  const outcomes = await Promise.allSettled(events.map((event) => writer.createEvent(event)));
  return outcomes.filter((outcome) => outcome.status === 'rejected').length;
}
