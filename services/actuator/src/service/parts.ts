import type { Bus } from '@forescale/shared/bus';
import type { Config, SingleProviderConfig } from '@forescale/shared/config';
import type { ClusterReader, ClusterWriter, Surroundings } from '@forescale/shared/kubernetes';
import type { Leadership } from '@forescale/shared/leadership';
import type { Readiness } from '@forescale/shared/service';
import type { StateBucket } from '@forescale/shared/state';
import type { Store } from '@forescale/shared/store';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import type { Clock, Random } from '@forescale/shared/time';
import type { MixSolver } from '../plan/index.ts';
import type { MachineProvider } from '../providers/port.ts';

/** Everything that an actuator works with. */
export interface ActuatorParts {
  readonly config: Config;
  readonly reader: ClusterReader;
  readonly writer: ClusterWriter;
  /** Annotations that steer, and other autoscalers; without it there are none. */
  readonly surroundings?: Surroundings | null;
  readonly store: Store;
  readonly bus: Bus;
  /** What must outlive a crash: journal, memory of plans, overrides, lead times. */
  readonly state: StateBucket;
  /** The time of the cluster; in a simulation the simulated one. */
  readonly clock: Clock;
  /** The time that calls take: back-off, pace and time-outs. The system's, unless a test moves it. */
  readonly ioClock: Clock;
  /** Must differ from start to start: it makes node names. */
  readonly random: Random;
  readonly readiness: Readiness;
  readonly instruments: Instruments;
  readonly log: Log;
  /** The node that this process runs on, where it is known: it never leaves. */
  readonly homeNode: string | null;
  /** Absent: no other actuator shares the state, and this one always acts. */
  readonly leadership?: Leadership | null;
  /** How long a tick waits for live prices; what comes later counts from the next one on. 5 s by default. */
  readonly pricePatienceMs?: number;
  readonly openProvider: (config: SingleProviderConfig) => Promise<MachineProvider>;
  /** Finds the cheapest mix of machines; without it they are chosen one by one. */
  readonly solve?: MixSolver | null;
}
