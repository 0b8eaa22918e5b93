import type { OfferingConfig } from '@forescale/shared/config';
import type { Taint } from '@forescale/shared/domain';
import type { ProviderError } from './errors.ts';

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
  find(requestId: string, signal: AbortSignal): Promise<readonly Machine[]>;
  list(clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]>;
  /** `gone` only once the provider shows the machine no more; unknown ids are gone. */
  terminate(machineId: string, signal: AbortSignal): Promise<'terminating' | 'gone'>;
  /** Notices in force, for machines of this cluster; the same notice comes again until its machine is gone. */
  interruptions(clusterTag: string, signal: AbortSignal): Promise<readonly Interruption[]>;
}
