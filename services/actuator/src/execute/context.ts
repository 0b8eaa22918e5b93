import type { OfferingConfig, PoolConfig } from '@forescale/shared/config';
import type { ClusterWriter } from '@forescale/shared/kubernetes';
import type { NODE_EVENTS } from '@forescale/shared/wire';
import type { ErrorClass } from '../providers/errors.ts';
import type { MachineProvider } from '../providers/port.ts';
import type { ProviderCalls } from './calls.ts';
import type { Journal } from './journal.ts';
import type { NodeRecord } from './record.ts';

/** Something that happened to a node, for the bus, the store and the cluster's own events. */
export interface NodeEvent {
  readonly event: (typeof NODE_EVENTS)[number];
  readonly record: NodeRecord;
  readonly timeMs: number;
  /** How long the step took that this ends; null where it ends none. */
  readonly seconds: number | null;
  readonly why: string;
}

/** What planning must hear of: a failure holds scale-down for a while, and marks the offering. */
export interface CreateFailure {
  readonly offering: OfferingConfig;
  readonly errorClass: ErrorClass;
  /** `create`: the provider said no. `boot`: a machine was made and never became a Ready node. */
  readonly stage: 'create' | 'boot';
  readonly message: string;
  readonly timeMs: number;
}

/** Everything that the steps of one pool's execution share. They hold no state of their own but the journal's. */
export interface ExecuteContext {
  readonly pool: PoolConfig;
  readonly clusterTag: string;
  readonly provider: MachineProvider;
  readonly calls: ProviderCalls;
  readonly writer: ClusterWriter;
  readonly journal: Journal;
  readonly onEvent: (event: NodeEvent) => void;
  readonly onCreateFailure: (failure: CreateFailure) => void;
  /** What is wrong, in words, for the readiness report of this tick. */
  readonly onTrouble: (text: string) => void;
}
