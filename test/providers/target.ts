import type { MachineProvider, NotApplicable } from '@forescale/actuator/providers';
import type { OfferingConfig, SingleProviderConfig } from '@forescale/shared/config';
import type { ManualClock } from '@forescale/shared/time';

/**
 * How one call to an end point goes wrong.
 * - `capacity`, `quota`, `auth`: refused as the real one refuses.
 * - `throttled`: refused, to be asked again in 7 s where the API can say so.
 * - `unavailable`: 5xx.
 * - `reset`: the connection ends, and nothing was done.
 * - `lost`: it was carried out, and the connection ends before the answer.
 */
export type EndpointFault = 'capacity' | 'quota' | 'auth' | 'throttled' | 'unavailable' | 'reset' | 'lost';

/** A provider's API on loopback, which behaves: it validates, remembers, takes time and has limits. */
export interface Endpoint {
  /** The next `times` calls that make (or raise a group), read, or end machines go wrong. */
  fail(call: 'create' | 'read' | 'terminate', fault: EndpointFault, times: number): void;
  /** With this share of all calls, a fault drawn by a seeded random. */
  failAtRandom(share: number, seed: number): void;
  /** From now on: of this offering there is none. */
  sellOut(offering: OfferingConfig): void;
  /** Ids, as `Machine.id` has them, of every machine that costs money, whosoever it is. */
  running(): readonly string[];
  /** A machine of somebody else, in the same account; its id. */
  addStranger(): string;
  /** New machines are shown by reads only after so long. */
  showAfterMs: number;
  /** Lists answer with at most so many; where the API has pages. */
  pageSize: number;
  /** As the cloud says that it takes the machine back, or that it is at risk. */
  interrupt(machineId: string, kind: 'reclaim' | 'rebalance'): void;
  /** Machines boot, and end, as the clock moves. The suite calls it after it has moved the clock. */
  step(): void;
  /** Every operation that was carried out or refused, such as "ec2:CreateFleet": what a role must allow. */
  readonly operations: ReadonlySet<string>;
}

/** One provider on its end point. */
export interface Target {
  readonly config: SingleProviderConfig;
  readonly provider: MachineProvider;
  /** Of the end point, and of what the provider waits for. */
  readonly clock: ManualClock;
  readonly onDemand: OfferingConfig;
  /** The same machine; null: the provider has no spot machines. */
  readonly spot: OfferingConfig | null;
  readonly endpoint: Endpoint;
  readonly notApplicable: NotApplicable;
  close(): Promise<void>;
}
