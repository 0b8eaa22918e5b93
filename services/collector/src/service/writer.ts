import type { Sample } from '@forescale/shared/domain';
import { type Health, type Store, StoreUnavailableError } from '@forescale/shared/store';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import { type Spool, SpoolError } from '../spool/index.ts';
import type { Announcer } from './announcer.ts';
import { deliver } from './deliver.ts';

/** As many points in one write as InfluxDB takes fastest. */
const BATCH_MAX = 5_000;
/** A day of one-minute samples of about 30 signals. */
const BACKLOG_MAX = 50_000;

export interface WriterParts {
  readonly store: Store;
  /** Null beside a store that is itself a file of this machine: what it cannot take, a spool cannot either. */
  readonly spool: Spool | null;
  readonly announcer: Announcer;
  readonly instruments: Instruments;
  readonly log: Log;
}

/**
 * Brings samples into the store and, when they are in, a copy onto the bus. While the store is away they go to the
 * spool, and as long as anything waits there all that come go behind it, so that every series stays in order.
 */
export class SampleWriter {
  readonly #parts: WriterParts;
  /** Samples that cannot be asked for again and are nowhere else: store and spool are away. */
  #backlog: Sample[] = [];
  #draining: Promise<void> | null = null;
  /** The write from the spool that is under way. */
  #step: Promise<unknown> = Promise.resolve();
  #stopping = false;
  #storeTrouble: string | null = null;
  #spoolTrouble: string | null = null;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /** What the last call of each has shown. */
  get health(): { readonly store: Health; readonly spool: Health } {
    return { store: healthOf(this.#storeTrouble), spool: healthOf(this.#spoolTrouble) };
  }

  /**
   * Resolves when all of the samples are safe: in the store, or on the disk of the spool. What the store refuses is
   * dropped and counted. Rejects with `StoreUnavailableError` or `SpoolError` when they are in neither.
   */
  async write(samples: readonly Sample[]): Promise<void> {
    for (let from = 0; from < samples.length; from += BATCH_MAX)
      await this.#save(samples.slice(from, from + BATCH_MAX));
  }

  /** Like `write`, for samples that nobody will send again: in the worst case they wait in memory, the oldest go first. */
  async writeOrKeep(samples: readonly Sample[]): Promise<void> {
    void this.drain();
    const waiting = [...this.#backlog, ...samples];
    let written = 0;
    try {
      for (; written < waiting.length; written += BATCH_MAX)
        await this.#save(waiting.slice(written, written + BATCH_MAX));
      if (this.#backlog.length > 0) this.#parts.log.info({ samples: waiting.length }, 'backlog written');
      this.#backlog = [];
    } catch (error) {
      if (!(error instanceof StoreUnavailableError || error instanceof SpoolError)) throw error;
      const dropped = Math.max(0, waiting.length - written - BACKLOG_MAX);
      this.#backlog = waiting.slice(written + dropped);
      // Once each: those that waited before are counted already.
      this.#parts.instruments.samplesSpooled.add(Math.min(samples.length, waiting.length - written));
      this.#drop(dropped, 'backlog full');
      throw error;
    }
  }

  /** Brings what waits in the spool into the store; resolves when nothing waits or the store is away. Never rejects. */
  drain(): Promise<void> {
    this.#draining ??= this.#drainAll().finally(() => {
      this.#draining = null;
    });
    return this.#draining;
  }

  /** Resolves when nothing is under way any more. What waits, waits on the disk. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#draining;
    this.#parts.spool?.close();
  }

  async #save(batch: readonly Sample[]): Promise<void> {
    const { spool } = this.#parts;
    if (spool === null) return this.#deliver(batch);
    if (spool.samples === 0) {
      try {
        return await this.#deliver(batch);
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
      }
    }
    const away = this.#storeTrouble !== null;
    this.#spool(spool, batch);
    void this.drain();
    // No faster into the spool than out of it, while anything comes out: whoever sends the samples can wait.
    if (!away) await this.#step;
  }

  #spool(spool: Spool, batch: readonly Sample[]): void {
    try {
      const dropped = spool.append(batch);
      this.#spoolTrouble = null;
      this.#parts.instruments.samplesSpooled.add(batch.length);
      this.#drop(dropped, 'spool full');
    } catch (error) {
      this.#noteSpool(error);
      // What is in there already must get out, all the more.
      void this.drain();
      throw error;
    }
  }

  async #drainAll(): Promise<void> {
    const { spool, log } = this.#parts;
    let drained = 0;
    try {
      for (let more = true; more && !this.#stopping; ) {
        const step = this.#drainStep(spool);
        this.#step = step.catch(() => undefined);
        const samples = await step;
        drained += samples;
        more = samples > 0;
      }
    } catch (error) {
      // An outage is in our health; whatever else it is, it would be there again at once.
      if (!(error instanceof StoreUnavailableError || error instanceof SpoolError))
        log.error({ err: error }, 'spool: write failed');
    }
    if (drained > 0) log.info({ samples: drained, waiting: spool?.samples }, 'spool: written to the store');
  }

  async #drainStep(spool: Spool | null): Promise<number> {
    // Not in the turn of whoever has just appended: more may be about to come.
    await Promise.resolve();
    if (spool === null || spool.samples === 0) return 0;
    try {
      const batch = spool.oldest(BATCH_MAX);
      if (batch === null) return 0;
      await this.#deliver(batch.samples);
      spool.remove(batch);
      // It can be read, and there is room in it again.
      this.#spoolTrouble = null;
      return batch.samples.length;
    } catch (error) {
      if (error instanceof SpoolError) this.#noteSpool(error);
      throw error;
    }
  }

  async #deliver(batch: readonly Sample[]): Promise<void> {
    const { store, announcer, instruments, log } = this.#parts;
    try {
      const { taken, refusals } = await deliver(store, batch);
      this.#storeTrouble = null;
      if (this.#parts.spool?.samples === 0) this.#spoolTrouble = null;
      instruments.samplesWritten.add(taken.length);
      await announcer.announce(taken);
      const [first] = refusals;
      if (!first) return;
      instruments.samplesDropped.add(refusals.length, { reason: 'refused by the store' });
      const { pool, signal, source } = first.sample;
      log.warn({ dropped: refusals.length, pool, signal, source }, `samples refused by the store: ${first.reason}`);
    } catch (error) {
      if (error instanceof StoreUnavailableError) this.#storeTrouble = error.message;
      throw error;
    }
  }

  #drop(dropped: number, reason: 'backlog full' | 'spool full'): void {
    if (dropped === 0) return;
    this.#parts.instruments.samplesDropped.add(dropped, { reason });
    this.#parts.log.warn({ dropped }, `${reason}: oldest samples dropped`);
  }

  #noteSpool(error: unknown): void {
    this.#spoolTrouble = error instanceof Error ? error.message : String(error);
  }
}

function healthOf(trouble: string | null): Health {
  return trouble === null ? { ok: true } : { ok: false, reason: trouble };
}
