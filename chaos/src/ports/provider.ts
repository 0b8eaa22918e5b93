import {
  type CreateResult,
  type Interruption,
  type Machine,
  type MachineProvider,
  type MachineRequest,
  type Place,
  ProviderError,
} from '@forescale/actuator/providers';
import { CloudError, type Machine as CloudMachine, offeringId, type SimulatedCloud } from '@forescale/simulator/cloud';
import type { Fate } from '../faults/fault.ts';
import type { Observer } from '../observe/observer.ts';
import type { Link } from './link.ts';

/** Longer than any client waits. */
const SILENCE_MS = 120_000;

/** The simulated cloud as a provider, without HTTP. */
export class CloudProvider implements MachineProvider {
  readonly kind = 'simulated';
  readonly #cloud: SimulatedCloud;
  readonly #link: Link;
  readonly #observer: Observer;
  readonly #leads: () => boolean;

  /** `leads`: whether the lease is this process's at this moment, whatever the process thinks. */
  constructor(cloud: SimulatedCloud, link: Link, observer: Observer, leads: () => boolean) {
    this.#leads = leads;
    this.#cloud = cloud;
    this.#link = link;
    this.#observer = observer;
  }

  create(request: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
    const { instanceType, region, zone, capacityType } = request.offering;
    const offering = { instanceType, region, zone, capacityType };
    const { token, requestId, nodeName, clusterTag, pool, labels, taints } = request;
    const asked = { token, requestId, nodeName, clusterTag, pool, labels, taints, offering };
    const { life } = this.#link;
    const [ledAtFirst, holdsAtFirst] = [this.#leads(), life.holds];
    return this.#call('create', [300, 3_000], signal, offeringId(offering), () => {
      const made = this.#cloud.create(asked);
      this.#observer.created(made, ledAtFirst && life.holds > holdsAtFirst);
      return { machines: shown([made]), failures: [] };
    });
  }

  find(requestId: string, _place: Place, signal: AbortSignal): Promise<readonly Machine[]> {
    return this.#call('find', [50, 400], signal, null, () => shown(this.#cloud.list({ requestId })));
  }

  list(clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]> {
    return this.#call('list', [100, 800], signal, null, () => shown(this.#cloud.list({ clusterTag })));
  }

  terminate(machineId: string, _place: Place, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    this.#observer.terminateAsked(machineId);
    return this.#call('terminate', [200, 1_500], signal, null, () => {
      this.#observer.terminating(machineId);
      const machine = this.#cloud.terminate(machineId);
      return machine === undefined || machine.state === 'terminated' ? 'gone' : 'terminating';
    });
  }

  interruptions(clusterTag: string, signal: AbortSignal): Promise<readonly Interruption[]> {
    return this.#call('interruptions', [50, 50], signal, null, () => this.#cloud.interruptions(clusterTag));
  }

  #call<T>(
    operation: string,
    [low, high]: readonly [low: number, high: number],
    signal: AbortSignal,
    offering: string | null,
    effect: () => T,
  ): Promise<T> {
    const { random } = this.#link;
    const latencyMs = low === high ? low : Math.round(low + random.next() * (high - low));
    const wire = {
      call: `provider.${operation}`,
      thereMs: latencyMs / 2,
      backMs: latencyMs / 2,
      timeoutMs: SILENCE_MS,
      errorOf: (fate: Fate, call: string) => refusal(fate, call, 1_000 * (1 + random.below(20))),
      ...(offering === null ? {} : { offering }),
    };
    return this.#link.call(wire, () => classified(effect), signal);
  }
}

function shown(machines: readonly CloudMachine[]): Machine[] {
  return machines.flatMap(({ id, providerId, requestId, nodeName, pool, state, requestedMs, offering: { region } }) =>
    state === 'terminated'
      ? []
      : [
          {
            ...{ id, providerId, requestId, nodeName, pool, state, createdMs: requestedMs },
            ...{ place: { provider: '', region }, group: null },
          },
        ],
  );
}

function refusal(fate: Fate, call: string, retryAfterMs: number): ProviderError {
  if (fate === 'throttled') return new ProviderError('throttled', `${call}: too many requests`, { retryAfterMs });
  if (fate === 'auth' || fate === 'capacity' || fate === 'quota' || fate === 'conflict')
    return new ProviderError(fate, `${call}: ${fate}`);
  return new ProviderError('transient', `${call}: ${fate}`);
}

function classified<T>(effect: () => T): T {
  try {
    return effect();
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    const options = error.retryAfterSeconds === null ? {} : { retryAfterMs: error.retryAfterSeconds * 1_000 };
    throw new ProviderError(error.errorClass, error.message, options);
  }
}
