import type { AutoscalerFacts, Surroundings } from '@forescale/shared/kubernetes';
import type { Log } from '@forescale/shared/telemetry';

/** Who installs an autoscaler does not expect the others to notice within seconds. */
const READ_EVERY_MS = 5 * 60_000;

/** What is known of other autoscalers, for all pools: read at the start and every 5 min. */
export class AutoscalerWatch {
  readonly #surroundings: Surroundings | null;
  readonly #log: Log;
  #facts: AutoscalerFacts | null = null;
  #readMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | null = null;
  #said = '';

  constructor(surroundings: Surroundings | null, log: Log) {
    this.#surroundings = surroundings;
    this.#log = log;
  }

  /** Never rejects: what cannot be read is told, once, and what was known before stays known. */
  async look(nowMs: number): Promise<AutoscalerFacts | null> {
    if (this.#surroundings !== null && nowMs - this.#readMs >= READ_EVERY_MS) {
      this.#reading ??= this.#read(this.#surroundings, nowMs);
      await this.#reading;
    }
    return this.#facts;
  }

  async #read(surroundings: Surroundings, nowMs: number): Promise<void> {
    try {
      this.#facts = await surroundings.autoscalers();
      this.#readMs = nowMs;
      this.#say(this.#facts.unread.join('; '));
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error));
    } finally {
      this.#reading = null;
    }
  }

  #say(unread: string): void {
    if (unread !== '' && unread !== this.#said)
      this.#log.warn(`whether another autoscaler owns nodes is judged by their labels alone: ${unread}`);
    this.#said = unread;
  }
}
