import type {
  CreateResult,
  Interruption,
  Machine,
  MachineProvider,
  MachineRequest,
  Place,
} from '@forescale/actuator/providers';
import type { OfferingConfig } from '@forescale/shared/config';
import { Gate } from '../../../services/actuator/src/execute/fakes/gate.ts';

/** A provider at whose calls its process can be killed, and what it has told of machines until now. */
export class WatchedProvider implements MachineProvider {
  readonly kind: string;
  gate = new Gate();
  /** Every machine that an answer has shown, by id, as it was shown last. */
  readonly shown = new Map<string, Machine>();
  /** What was asked for, by request. */
  readonly asked = new Map<string, OfferingConfig>();
  /** Calls that have failed. */
  failed = 0;
  readonly #provider: MachineProvider;

  constructor(provider: MachineProvider) {
    this.#provider = provider;
    this.kind = provider.kind;
  }

  create(request: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
    this.asked.set(request.requestId, request.offering);
    return this.#call(async () => {
      const result = await this.#provider.create(request, signal);
      this.#show(result.machines);
      return result;
    });
  }

  find(requestId: string, place: Place, signal: AbortSignal): Promise<readonly Machine[]> {
    return this.#call(async () => this.#show(await this.#provider.find(requestId, place, signal)));
  }

  list(clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]> {
    return this.#call(async () => this.#show(await this.#provider.list(clusterTag, signal)));
  }

  terminate(machineId: string, place: Place, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    return this.#call(() => this.#provider.terminate(machineId, place, signal));
  }

  interruptions(clusterTag: string, signal: AbortSignal): Promise<readonly Interruption[]> {
    return this.#call(() => this.#provider.interruptions(clusterTag, signal));
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    return await this.gate.effect(async () => {
      try {
        return await call();
      } catch (error) {
        this.failed++;
        throw error;
      }
    });
  }

  #show(machines: readonly Machine[]): readonly Machine[] {
    for (const machine of machines) this.shown.set(machine.id, machine);
    return machines;
  }
}
