import type { Bus } from '@forescale/shared/bus';
import type { Sample } from '@forescale/shared/domain';
import { type Point, type Store, StoreUnavailableError } from '@forescale/shared/store';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import { encodeSample, subjects } from '@forescale/shared/wire';

/** As many points in one write as InfluxDB takes fastest. */
const BATCH_MAX = 5_000;
/** A day of one-minute samples of about 30 signals. */
const BACKLOG_MAX = 50_000;

/** Brings samples into the store and, when they are in, a copy onto the bus. */
export class SampleWriter {
  readonly #store: Store;
  readonly #bus: Bus;
  readonly #instruments: Instruments;
  readonly #log: Log;
  /** Samples that cannot be asked for again, kept in order while the store is away. */
  #backlog: Sample[] = [];

  constructor(store: Store, bus: Bus, instruments: Instruments, log: Log) {
    this.#store = store;
    this.#bus = bus;
    this.#instruments = instruments;
    this.#log = log;
  }

  /** Resolves when all of the samples are in the store; rejects when they are not, and keeps none of them. */
  async write(samples: readonly Sample[]): Promise<void> {
    for (let from = 0; from < samples.length; from += BATCH_MAX) {
      const batch = samples.slice(from, from + BATCH_MAX);
      await this.#store.write(batch.map(toPoint));
      this.#instruments.samplesWritten.add(batch.length);
      await this.#announce(batch);
    }
  }

  /** Like `write`, for samples that nobody will send again: while the store is away they wait here, the oldest go first. */
  async writeOrKeep(samples: readonly Sample[]): Promise<void> {
    const waiting = [...this.#backlog, ...samples];
    try {
      await this.write(waiting);
      if (this.#backlog.length > 0) this.#log.info({ samples: waiting.length }, 'backlog written');
      this.#backlog = [];
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      const dropped = Math.max(0, waiting.length - BACKLOG_MAX);
      this.#backlog = waiting.slice(dropped);
      this.#instruments.samplesSpooled.add(samples.length);
      if (dropped > 0) {
        this.#instruments.samplesDropped.add(dropped, { reason: 'backlog full' });
        this.#log.warn({ dropped }, 'backlog full: oldest samples dropped');
      }
      throw error;
    }
  }

  /** The live copy is a courtesy: without the bus the store still has every sample. */
  async #announce(batch: readonly Sample[]): Promise<void> {
    try {
      for (const sample of batch)
        await this.#bus.publish(subjects.sample(sample.pool, sample.signal), encodeSample(sample));
    } catch (error) {
      this.#log.debug({ err: error }, 'live copy not published');
    }
  }
}

function toPoint({ pool, signal, source, timeMs, value }: Sample): Point {
  return { measurement: 'kpi', tags: { pool, signal, source }, fields: { value }, timeMs };
}
