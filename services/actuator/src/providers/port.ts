import type { OfferingConfig } from '@forescale/shared/config';
import type { Resources, Taint } from '@forescale/shared/domain';
import type { ProviderError } from './errors.ts';

/** Where a machine is bought: provider as the configuration names it, '' where the pool has but one. */
export type Place = Pick<OfferingConfig, 'provider' | 'region'>;

/** One machine, asked for by name. The same `token` never makes a second machine, however often it is sent. */
export interface MachineRequest {
  /** What the journal knows the machine by; every machine is tagged with it. */
  readonly requestId: string;
  /** Of this attempt: request and offering. Stays the same over retries, changes with the offering. */
  readonly token: string;
  /** Unique for ever: K3s refuses a node name that was used before. */
  readonly nodeName: string;
  /** Tells this cluster's machines from all others of the account. */
  readonly clusterTag: string;
  readonly pool: string;
  readonly offering: OfferingConfig;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** When it was asked for first: what a group could not deliver before that was meant for others. */
  readonly createdMs: number;
  /** How many machines its group shall have, this one included; 1 where machines are made one by one. */
  readonly groupSize: number;
}

/** A machine as its provider shows it. One that is gone is not shown. */
export interface Machine {
  readonly id: string;
  /** What the node's `spec.providerID` will be; empty where the provider does not say. */
  readonly providerId: string;
  /** Empty where the machine carries no such tag. */
  readonly requestId: string;
  readonly nodeName: string;
  readonly pool: string;
  readonly state: 'starting' | 'running' | 'terminating';
  readonly createdMs: number;
  readonly place: Place;
  /** The group that made it, see `MachineGroups`; null: it was made by itself. */
  readonly group: string | null;
}

/** Partial success is normal: the machines that were made, and why the others were not. */
export interface CreateResult {
  readonly machines: readonly Machine[];
  readonly failures: readonly ProviderError[];
}

/** `reclaim`: the machine goes at `atMs`, whatever we do. `rebalance`: since `atMs` it is at risk, nothing more. */
export interface Interruption {
  readonly machineId: string;
  readonly nodeName: string;
  readonly kind: 'reclaim' | 'rebalance';
  readonly atMs: number;
}

/**
 * A source of machines. Every method rejects with `ProviderError` (anything else counts as `transient`), ends early
 * when `signal` aborts, and may be called again with the same arguments at any time.
 */
export interface MachineProvider {
  /** As in the configuration: `simulated`, … */
  readonly kind: string;
  create(request: MachineRequest, signal: AbortSignal): Promise<CreateResult>;
  /** Every machine that was made for this request, whichever attempt made it. */
  find(requestId: string, place: Place, signal: AbortSignal): Promise<readonly Machine[]>;
  list(clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]>;
  /** `gone` only once the provider shows the machine no more; unknown ids are gone. */
  terminate(machineId: string, place: Place, signal: AbortSignal): Promise<'terminating' | 'gone'>;
  /** Notices in force, for machines of this cluster; the same notice comes again until its machine is gone. */
  interruptions(clusterTag: string, signal: AbortSignal): Promise<readonly Interruption[]>;
  /** Present where machines come in groups. */
  readonly groups?: MachineGroups;
  /** Present where there are no machines, and whoever owns the nodes is asked to keep room. */
  readonly placeholders?: Placeholders;
  /** Present where the provider tells: USD/h of each offering, in their order; null: not known. */
  prices?(offerings: readonly OfferingConfig[], signal: AbortSignal): Promise<readonly (number | null)[]>;
}

/**
 * Of a provider whose machines are made by groups that are told how many they shall be (an ASG, a MIG, a node pool, a
 * MachineDeployment). There
 * - `create` raises the group to `groupSize`, never lowers it, and resolves to no machines: those carry no request, and
 *   are given to requests as they show themselves in `list`. Where the group has said since `createdMs`
 *   that it cannot deliver, or may not be as large, there is one failure for each machine that is not there;
 * - `find` resolves to none;
 * - `list` resolves to the members of the groups in the configuration, whatever they are tagged with;
 * - `terminate` removes this very member, and lowers the group's size by it.
 */
export interface MachineGroups {
  /** The group that such machines come from; null: there is none. */
  groupOf(offering: OfferingConfig): string | null;
  /**
   * Lowers the group to `size`, but never below the members that it has: what was asked for and not made yet is taken
   * back. Does nothing where it is not larger.
   */
  trim(group: string, place: Place, size: number, signal: AbortSignal): Promise<void>;
}

/** What one placeholder asks for. */
export type PlaceholderSize = Pick<Resources, 'cpuMillicores' | 'memoryBytes' | 'gpus'>;

/** Room that is asked for: for so many pods of that size. */
export interface Held {
  readonly replicas: number;
  /** Null: it was never asked for. */
  readonly size: PlaceholderSize | null;
  /** Of the plan that asked for it last; 0: it was never asked for. */
  readonly generation: number;
  /** What keeps its owner from giving it, in words; null: nothing that is known. */
  readonly problem: string | null;
}

export interface HoldRequest {
  readonly pool: string;
  /** Of the plan: what a later one has written is not replaced. */
  readonly generation: number;
  readonly replicas: number;
  readonly size: PlaceholderSize;
  /** Where pods of the pool run. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** That they tolerate. */
  readonly taints: readonly Taint[];
}

/**
 * Of a provider that makes no machines: it asks whoever owns the nodes to keep room for pods that are yet to come. There
 * `create` and `terminate` reject, and nothing is ever listed.
 */
export interface Placeholders {
  /** What is asked for now. */
  read(pool: string, signal: AbortSignal): Promise<Held>;
  /** From now on so many, in all; does no harm when it is repeated. */
  hold(request: HoldRequest, signal: AbortSignal): Promise<void>;
  /** Takes everything of the pool away. */
  release(pool: string, signal: AbortSignal): Promise<void>;
}
