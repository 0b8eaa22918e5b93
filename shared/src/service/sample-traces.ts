import type { Bus, Subscription } from '../bus/index.ts';
import type { Config } from '../config/index.ts';
import type { Traceparent } from '../telemetry/index.ts';
import { subjects } from '../wire/index.ts';

/** In which span the newest sample of each configured signal was taken in, as its live copy on the bus says. */
export class SampleTraces {
  readonly #config: Config;
  readonly #bus: Bus;
  readonly #newest = new Map<string, Traceparent | undefined>();
  #subscriptions: readonly Subscription[] | null = null;

  constructor(config: Config, bus: Bus) {
    this.#config = config;
    this.#bus = bus;
    for (const { name, signals } of config.pools)
      for (const signal of signals) this.#newest.set(subjects.sample(name, signal.name), undefined);
  }

  /** Listens from now on, where traces are configured; while the bus is away, to be called again. */
  async follow(): Promise<void> {
    const { telemetry, pools } = this.#config;
    if (telemetry.traces === null || this.#subscriptions !== null) return;
    const listening: Subscription[] = [];
    try {
      for (const { name } of pools)
        listening.push(
          await this.#bus.subscribe(subjects.sample(name, '*'), ({ subject, traceparent }) => {
            // Whoever may publish here chooses the name of a signal, and not how many we remember.
            if (traceparent !== undefined && this.#newest.has(subject)) this.#newest.set(subject, traceparent);
          }),
        );
      this.#subscriptions = listening;
    } catch (error) {
      await Promise.allSettled(listening.map((one) => one.stop()));
      throw error;
    }
  }

  of(pool: string, signal: string): Traceparent | undefined {
    return this.#newest.get(subjects.sample(pool, signal));
  }

  async stop(): Promise<void> {
    await Promise.all((this.#subscriptions ?? []).map((one) => one.stop()));
  }
}
