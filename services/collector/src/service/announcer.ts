import type { Bus } from '@forescale/shared/bus';
import type { Sample } from '@forescale/shared/domain';
import type { Log } from '@forescale/shared/telemetry';
import { encodeSample, subjects } from '@forescale/shared/wire';

/** The live copy of samples on the bus, a courtesy: without the bus the store still has every sample. */
export class Announcer {
  readonly #bus: Bus;
  readonly #log: Log;

  constructor(bus: Bus, log: Log) {
    this.#bus = bus;
    this.#log = log;
  }

  /** Resolves when they are on their way, or the bus is away. */
  async announce(samples: readonly Sample[]): Promise<void> {
    try {
      for (const sample of samples)
        await this.#bus.publish(subjects.sample(sample.pool, sample.signal), encodeSample(sample));
    } catch (error) {
      this.#log.debug({ err: error }, 'live copy not published');
    }
  }
}
