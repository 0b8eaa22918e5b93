import type { OfferingConfig, PoolConfig } from '@forescale/shared/config';
import type { ClusterWriter } from '@forescale/shared/kubernetes';
import type { Clock } from '@forescale/shared/time';
import type { NODE_EVENTS } from '@forescale/shared/wire';
import type { ErrorClass, Mark } from '../providers/errors.ts';
import type { Journal } from './journal.ts';
import type { Machines } from './machines.ts';
import type { NodeRecord } from './record.ts';

/** Something that happened to a node, for the bus, the store and the cluster's own events. */
export interface NodeEvent {
  readonly event: (typeof NODE_EVENTS)[number];
  readonly record: NodeRecord;
  readonly timeMs: number;
  /** Of a node that starts: since it was asked for; of one that leaves: since its drain began. Null for other events. */
  readonly seconds: number | null;
  readonly why: string;
}

/** What planning must hear of: a failure holds scale-down for a while, and may mark the offering. */
export interface Failure {
  /**
   * - `create`: the provider said no.
   * - `boot`: a machine was made and did not become a Ready node in time.
   * - `drain`: the node could not be emptied in time and serves again.
   * - `interrupted`: the provider takes the machine back.
   */
  readonly stage: 'create' | 'boot' | 'drain' | 'interrupted';
  readonly nodeName: string;
  readonly offering: OfferingConfig;
  /** Only of stage `create`. */
  readonly errorClass: ErrorClass | null;
  /** For how long the provider says that there is none, and which offerings that is of; null: it does not say. */
  readonly mark: Mark | null;
  readonly message: string;
  readonly timeMs: number;
}

/**
 * What may be done to machines and nodes, and the single place where it is decided.
 * - `all`: mode `enforce`.
 * - `finish`: paused. What has begun to go, goes; drains wait, but of machines that are reclaimed; nothing new begins.
 * - `withdraw`: somebody else is at work on the nodes. As `finish`, but drains are taken back, since it may be long.
 * - `nothing`: mode `observe`. The journal still follows what it sees.
 */
export type Permission = 'all' | 'finish' | 'withdraw' | 'nothing';

/** Everything that the steps of one pool's execution share. They hold no state of their own but the journal's. */
export interface ExecuteContext {
  readonly pool: PoolConfig;
  readonly clusterTag: string;
  readonly machines: Machines;
  readonly writer: ClusterWriter;
  readonly journal: Journal;
  /** The service's clock, for what is reached while a tick lasts. */
  readonly clock: Clock;
  /**
   * Whether nobody else has planned the pool since the plan that is carried out. Asked once an intent is durable, and
   * before its call: of a process that was held meanwhile, its successor knows either the intent, or has overtaken it.
   */
  readonly isCurrent: () => Promise<boolean>;
  /**
   * Whether a plan of this process has counted the node. An intent that another one has left behind is asked for only then:
   * the plan that finds it may have it given up, where it would be one above the bounds.
   */
  readonly isCounted: (requestId: string) => boolean;
  /** Whether new machines may be begun at this very moment, as far as those who steer the pool have said. */
  readonly mayBegin: () => boolean;
  /** What is left of this tick for calls that wait for their turn. */
  readonly sendMs: () => number;
  /** Whether the provider takes its machine back: it is emptied whatever else holds, since it goes anyway. */
  readonly isReclaimed: (record: NodeRecord) => boolean;
  readonly onEvent: (event: NodeEvent) => void;
  readonly onFailure: (failure: Failure) => void;
  /** What is wrong, in words, for the readiness report of this tick. */
  readonly onTrouble: (text: string) => void;
}

/** "ECONNREFUSED" and the like, for a sentence. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
