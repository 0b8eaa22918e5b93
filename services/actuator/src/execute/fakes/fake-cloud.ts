import type { Clock } from '@forescale/shared/time';
import { type ErrorClass, ProviderError } from '../../providers/errors.ts';
import type {
  CreateResult,
  Interruption,
  Machine,
  MachineProvider,
  MachineRequest,
  Place,
} from '../../providers/port.ts';
import { Gate } from './gate.ts';

/** How one call goes wrong: refused with a class, or carried out with its answer lost. */
export type Fault = ErrorClass | 'lost' | null;
export type CloudCall = 'create' | 'find' | 'list' | 'terminate' | 'interruptions';

/** A cloud in memory: idempotent by token, slow, limited, and as unreliable as `fault` says. */
export class FakeCloud implements MachineProvider {
  readonly kind = 'fake';
  readonly machines = new Map<string, Machine>();
  /** Every create that was carried out, by token. */
  readonly madeByToken = new Map<string, Machine>();
  /** When each create call arrived. */
  readonly createTimesMs: number[] = [];
  notices: Interruption[] = [];
  /** Present where a test has the cloud tell them. */
  prices?: NonNullable<MachineProvider['prices']>;
  gate = new Gate();
  latencyMs = 0;
  fault: (call: CloudCall, request: MachineRequest | null) => Fault = () => null;
  /** A terminated machine is shown as `terminating` so long. */
  terminationMs = 0;
  /** A new machine is shown by `find` and `list` only after so long. */
  visibilityMs = 0;
  inFlight = 0;
  inFlightMax = 0;
  readonly #clock: Clock;
  readonly #terminatedMs = new Map<string, number>();
  #made = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  create(request: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
    return this.#call('create', request, signal, () => {
      const known = this.madeByToken.get(request.token);
      if (known) return { machines: this.machines.has(known.id) ? [known] : [], failures: [] };
      const machine: Machine = {
        id: `m-${++this.#made}`,
        providerId: `fake://m-${this.#made}`,
        requestId: request.requestId,
        nodeName: request.nodeName,
        pool: request.pool,
        state: 'running',
        createdMs: this.#clock.nowMs(),
        place: { provider: '', region: request.offering.region },
        group: null,
      };
      this.machines.set(machine.id, machine);
      this.madeByToken.set(request.token, machine);
      return { machines: [machine], failures: [] };
    });
  }

  find(requestId: string, _place: Place, signal: AbortSignal): Promise<readonly Machine[]> {
    return this.#call('find', null, signal, () => this.#visible().filter((one) => one.requestId === requestId));
  }

  list(_clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]> {
    return this.#call('list', null, signal, () => this.#visible());
  }

  terminate(machineId: string, _place: Place, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    return this.#call('terminate', null, signal, () => {
      if (!this.machines.has(machineId)) return 'gone';
      if (!this.#terminatedMs.has(machineId)) this.#terminatedMs.set(machineId, this.#clock.nowMs());
      return this.#shown().some((one) => one.id === machineId) ? 'terminating' : 'gone';
    });
  }

  interruptions(_clusterTag: string, signal: AbortSignal): Promise<readonly Interruption[]> {
    return this.#call('interruptions', null, signal, () => this.notices);
  }

  /** Machines that run and that nobody has terminated. */
  get running(): Machine[] {
    return this.#shown().filter((one) => one.state !== 'terminating');
  }

  /** The provider takes it away. */
  reclaim(machineId: string): void {
    this.machines.delete(machineId);
  }

  #visible(): Machine[] {
    return this.#shown().filter((one) => this.#clock.nowMs() >= one.createdMs + this.visibilityMs);
  }

  #shown(): Machine[] {
    for (const [id, terminatedMs] of this.#terminatedMs)
      if (this.#clock.nowMs() >= terminatedMs + this.terminationMs) this.machines.delete(id);
    return [...this.machines.values()].map((one) =>
      this.#terminatedMs.has(one.id) ? { ...one, state: 'terminating' } : one,
    );
  }

  async #call<T>(call: CloudCall, request: MachineRequest | null, signal: AbortSignal, act: () => T): Promise<T> {
    if (call === 'create') this.createTimesMs.push(this.#clock.nowMs());
    this.inFlightMax = Math.max(this.inFlightMax, ++this.inFlight);
    try {
      return await this.gate.effect(async () => {
        await this.#clock.sleep(this.latencyMs, signal);
        const fault = this.fault(call, request);
        if (fault !== null && fault !== 'lost') throw new ProviderError(fault, `${call}: ${fault}`);
        const result = act();
        if (fault === 'lost') throw new ProviderError('transient', `${call}: the connection was reset`);
        return result;
      });
    } finally {
      this.inFlight--;
    }
  }
}
