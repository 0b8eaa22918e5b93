import type { Bus } from '@forescale/shared/bus';
import type { Sample } from '@forescale/shared/domain';
import { type Point, type Store, StoreRejectedError, StoreUnavailableError } from '@forescale/shared/store';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import { encodeSample, subjects } from '@forescale/shared/wire';

/** As many points in one write as InfluxDB takes fastest. */
const BATCH_MAX = 5_000;
/** A day of one-minute samples of about 30 signals. */
const BACKLOG_MAX = 50_000;

interface Refusal {
  readonly sample: Sample;
  readonly reason: string;
}

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

  /**
   * Resolves when the store has all of the samples that it takes; what it refuses is dropped and counted. Rejects with
   * `StoreUnavailableError`, and keeps nothing then.
   */
  async write(samples: readonly Sample[]): Promise<void> {
    for (let from = 0; from < samples.length; from += BATCH_MAX)
      await this.#writeBatch(samples.slice(from, from + BATCH_MAX));
  }

  /** Like `write`, for samples that nobody will send again: while the store is away they wait here, the oldest go first. */
  async writeOrKeep(samples: readonly Sample[]): Promise<void> {
    const waiting = [...this.#backlog, ...samples];
    let written = 0;
    try {
      for (; written < waiting.length; written += BATCH_MAX)
        await this.#writeBatch(waiting.slice(written, written + BATCH_MAX));
      if (this.#backlog.length > 0) this.#log.info({ samples: waiting.length }, 'backlog written');
      this.#backlog = [];
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      const dropped = Math.max(0, waiting.length - written - BACKLOG_MAX);
      this.#backlog = waiting.slice(written + dropped);
      this.#instruments.samplesSpooled.add(samples.length);
      if (dropped > 0) {
        this.#instruments.samplesDropped.add(dropped, { reason: 'backlog full' });
        this.#log.warn({ dropped }, 'backlog full: oldest samples dropped');
      }
      throw error;
    }
  }

  async #writeBatch(batch: readonly Sample[]): Promise<void> {
    const refusals: Refusal[] = [];
    const taken = await this.#offer(batch, refusals);
    this.#instruments.samplesWritten.add(taken.length);
    await this.#announce(taken);
    const [first] = refusals;
    if (!first) return;
    this.#instruments.samplesDropped.add(refusals.length, { reason: 'refused by the store' });
    const { pool, signal, source } = first.sample;
    this.#log.warn({ dropped: refusals.length, pool, signal, source }, `samples refused by the store: ${first.reason}`);
  }

  /**
   * The samples of `batch` that the store has taken. One that it refuses would be refused for ever, and hold up all
   * that come with it and after it; so the batch is halved until it stands alone: 1 of 1,000 costs 20 more writes.
   */
  async #offer(batch: readonly Sample[], refusals: Refusal[]): Promise<readonly Sample[]> {
    try {
      await this.#store.write(batch.map(toPoint));
      return batch;
    } catch (error) {
      if (!(error instanceof StoreRejectedError)) throw error;
      const [sample] = batch;
      if (sample && batch.length === 1) refusals.push({ sample, reason: error.message });
      if (batch.length <= 1) return [];
      const half = batch.length >>> 1;
      const taken = await this.#offer(batch.slice(0, half), refusals);
      return [...taken, ...(await this.#offer(batch.slice(half), refusals))];
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
