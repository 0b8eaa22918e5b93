import type { Taint } from '@forescale/shared/domain';
import type { Offering, OfferingKey } from './offering.ts';

export interface CreateRequest {
  /** The same token never makes a second machine, however often it is sent. */
  readonly token: string;
  /** A tag, to find the machine by. */
  readonly requestId: string;
  readonly clusterTag: string;
  readonly pool: string;
  readonly nodeName: string;
  readonly offering: OfferingKey;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
}

/** `terminated` machines stay on record for an hour, for whoever repeats a call about them. */
type MachineState = 'starting' | 'running' | 'terminating' | 'terminated';

export interface Machine {
  readonly id: string;
  /** What `spec.providerID` of its node is. */
  readonly providerId: string;
  readonly token: string;
  readonly requestId: string;
  readonly clusterTag: string;
  readonly pool: string;
  readonly nodeName: string;
  readonly offering: Offering;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly state: MachineState;
  /** Billed from here … */
  readonly requestedMs: number;
  readonly bootedMs: number | null;
  /** … to here. */
  readonly endedMs: number | null;
  readonly endedBy: 'request' | 'reclaim' | null;
  /** When it goes, once its reclaim was announced. */
  readonly reclaimMs: number | null;
  /** Since when it is known to be at risk of a reclaim. */
  readonly rebalanceMs: number | null;
}

/** What is said of a machine ahead. `reclaim`: it goes at `atMs`; `rebalance`: since `atMs` it is at risk. */
export interface Notice {
  readonly machineId: string;
  readonly nodeName: string;
  readonly kind: 'reclaim' | 'rebalance';
  readonly atMs: number;
}

export function isAlive(machine: Machine): boolean {
  return machine.state === 'starting' || machine.state === 'running';
}
