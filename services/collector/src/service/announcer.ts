import { setImmediate as turn } from 'node:timers/promises';
import type { Bus } from '@forescale/shared/bus';
import type { Sample } from '@forescale/shared/domain';
import type { Log } from '@forescale/shared/telemetry';
import { createSampleEncoder } from '@forescale/shared/wire';

/** Published in one turn, which NATS sends as one: waiting after each would cost a call to the system each. */
const BURST = 500;

/** The live copy of samples on the bus, a courtesy: without the bus the store still has every sample. */
export class Announcer {
  readonly #bus: Bus;
  readonly #log: Log;
  readonly #encode = createSampleEncoder();
  #running: Promise<void> = Promise.resolve();
  /** The one before it. */
  #before: Promise<void> = Promise.resolve();

  constructor(bus: Bus, log: Log) {
    this.#bus = bus;
    this.#log = log;
  }

  /**
   * Publishes them after those before. Resolves when all but the batch just before are on their way, or the bus is away:
   * the next are written to the store meanwhile, and no more than three wait.
   */
  announce(samples: readonly Sample[]): Promise<void> {
    const room = this.#before;
    this.#before = this.#running;
    this.#running = this.#running.then(() => this.#publish(samples));
    return room;
  }

  /** Resolves when all are on their way. */
  idle(): Promise<void> {
    return this.#running;
  }

  async #publish(samples: readonly Sample[]): Promise<void> {
    try {
      for (let from = 0; from < samples.length; from += BURST) {
        await this.#bus.publishAll(this.#encode(samples.slice(from, from + BURST)));
        // Who listens in this process comes to it before the next.
        await turn();
      }
    } catch (error) {
      this.#log.debug({ err: error }, 'live copy not published');
    }
  }
}
