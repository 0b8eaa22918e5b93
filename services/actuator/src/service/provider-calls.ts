import { type ProviderConfig, providersOf, type SingleProviderConfig } from '@forescale/shared/config';
import {
  type CallLimits,
  type CallsByRegion,
  createProviderCalls,
  guardedMachines,
  type Machines,
  mixedMachines,
  OPERATIONS,
  PRICES_REGION,
  type ProviderCalls,
} from '../execute/index.ts';
import type { MachineProvider } from '../providers/port.ts';
import { providerAccess } from '../providers/registry.ts';
import type { ActuatorParts } from './parts.ts';

/** What a call may cost in time: 3 tries of at most 15 s and 2 waits of at most 5 s are 55 s, less than a tick. */
const LIMITS = {
  timeoutMs: 15_000,
  retriesMax: 2,
  backoffFirstMs: 200,
  backoffMaxMs: 5_000,
  breaker: { failuresMax: 8, openMs: 60_000 },
} satisfies Partial<CallLimits>;

/** Nobody waits for prices, and lists of them are long. */
const PRICE_LIMITS = { ...LIMITS, timeoutMs: 60_000 };

/** The calls to one account in one region. */
interface Lane {
  readonly kind: string;
  readonly region: string;
  readonly calls: ProviderCalls;
}

/** The guarded calls of all providers: pools that share an account share its limits and breakers, region by region. */
export class CallBook {
  readonly #parts: Pick<ActuatorParts, 'clock' | 'ioClock' | 'random' | 'instruments'>;
  readonly #calls = new Map<string, Lane>();

  constructor(parts: Pick<ActuatorParts, 'clock' | 'ioClock' | 'random' | 'instruments'>) {
    this.#parts = parts;
  }

  /** The machines of a pool, each of its providers opened by `open` and behind the calls of its account. */
  async machines(
    config: ProviderConfig,
    open: (config: SingleProviderConfig) => Promise<MachineProvider>,
  ): Promise<Machines> {
    const named = new Map<string, Machines>();
    for (const [name, one] of providersOf(config)) named.set(name, guardedMachines(await open(one), this.#of(one)));
    return (config.kind === 'mixed' ? null : named.get('')) ?? mixedMachines(named);
  }

  #of(config: SingleProviderConfig): CallsByRegion {
    return (region) => {
      const access = providerAccess(config);
      const key = `${access.key} ${region}`;
      const known = this.#calls.get(key);
      if (known) return known.calls;
      const { clock, ioClock, random, instruments } = this.#parts;
      const { concurrency, ratePerSecond } = access;
      const calls = createProviderCalls(
        { ...(region === PRICES_REGION ? PRICE_LIMITS : LIMITS), concurrency, ratePerSecond },
        {
          clock,
          ioClock,
          random,
          onError: (_operation, error) =>
            instruments.providerErrors.add(1, { provider: config.kind, class: error.errorClass }),
          onAnswer: (operation, seconds) => {
            if (operation === 'create') instruments.nodeCreateDuration.record(seconds, { provider: config.kind });
          },
        },
      );
      this.#calls.set(key, { kind: config.kind, region, calls });
      return calls;
    };
  }

  /** Shows every breaker as a metric; of several accounts of one kind the one that is worst off. */
  recordBreakers(): void {
    for (const operation of OPERATIONS) {
      const alike = Map.groupBy(this.#calls.values(), ({ kind, region }) => `${kind} ${region}`);
      for (const lanes of alike.values()) {
        const [{ kind: provider, region }] = lanes as [Lane, ...Lane[]];
        const worst = Math.max(...lanes.map(({ calls }) => calls.breakerState(operation)));
        this.#parts.instruments.breakerState.record(worst, { provider, region, operation });
      }
    }
  }
}
