import type { Sample } from '@forescale/shared/domain';
import { type Health, type Store, StoreUnavailableError } from '@forescale/shared/store';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import { type Spool, SpoolError } from '../spool/index.ts';
import type { Announcer } from './announcer.ts';
import { type Delivery, deliver } from './deliver.ts';

/** As many points in one write as InfluxDB takes fastest. */
const BATCH_MAX = 5_000;
/** At once: while the server stores one batch, the next is made ready. */
const WRITES_MAX = 4;
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
    const left = await this.#save(samples);
    if (left.length > 0) throw this.#refusal();
  }

  /** Like `write`, for samples that nobody will send again: in the worst case they wait in memory, the oldest go first. */
  async writeOrKeep(samples: readonly Sample[]): Promise<void> {
    void this.drain();
    const waiting = [...this.#backlog, ...samples];
    const left = await this.#save(waiting);
    const dropped = Math.max(0, left.length - BACKLOG_MAX);
    if (left.length === 0 && this.#backlog.length > 0)
      this.#parts.log.info({ samples: waiting.length }, 'backlog written');
    this.#backlog = left.slice(dropped);
    if (left.length === 0) return;
    // Once each: those that waited before are counted already.
    this.#parts.instruments.samplesSpooled.add(Math.min(samples.length, left.length));
    this.#drop(dropped, 'backlog full');
    throw this.#refusal();
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
    await this.#parts.announcer.idle();
    this.#parts.spool?.close();
  }

  /** Resolves to the samples that are neither in the store nor on the disk: none as a rule. */
  async #save(samples: readonly Sample[]): Promise<readonly Sample[]> {
    for (let from = 0; from < samples.length; from += WRITES_MAX * BATCH_MAX) {
      const part = samples.slice(from, from + WRITES_MAX * BATCH_MAX);
      const left = await this.#savePart(part);
      if (left.length > 0) return [...left, ...samples.slice(from + part.length)];
    }
    return [];
  }

  async #savePart(part: readonly Sample[]): Promise<readonly Sample[]> {
    const { spool } = this.#parts;
    if (spool === null) return this.#deliver(part);
    const away = this.#storeTrouble !== null;
    const left = spool.samples === 0 ? await this.#deliver(part) : part;
    if (left.length === 0) return left;
    const unsaved = this.#spool(spool, left);
    void this.drain();
    // No faster into the spool than out of it, while anything comes out: whoever sends the samples can wait.
    if (!away && unsaved.length === 0) await this.#step;
    return unsaved;
  }

  /** Those that the disk has no room for. */
  #spool(spool: Spool, samples: readonly Sample[]): readonly Sample[] {
    for (const [index, batch] of batchesOf(samples).entries()) {
      try {
        const dropped = spool.append(batch);
        this.#spoolTrouble = null;
        this.#parts.instruments.samplesSpooled.add(batch.length);
        this.#drop(dropped, 'spool full');
      } catch (error) {
        this.#noteSpool(error);
        return samples.slice(index * BATCH_MAX);
      }
    }
    return [];
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
      if (!(error instanceof SpoolError)) log.error({ err: error }, 'spool: write failed');
    }
    if (drained > 0) log.info({ samples: drained, waiting: spool?.samples }, 'spool: written to the store');
  }

  async #drainStep(spool: Spool | null): Promise<number> {
    // Not in the turn of whoever has just appended: more may be about to come.
    await Promise.resolve();
    if (spool === null || spool.samples === 0) return 0;
    try {
      // One alone finds out whether the store is back.
      const writes = this.#storeTrouble === null ? WRITES_MAX : 1;
      const batch = spool.oldest(writes * BATCH_MAX);
      if (batch === null) return 0;
      const left = await this.#deliver(batch.samples);
      if (left.length > 0) return 0;
      spool.remove(batch);
      // It can be read, and there is room in it again.
      this.#spoolTrouble = null;
      return batch.samples.length;
    } catch (error) {
      if (error instanceof SpoolError) this.#noteSpool(error);
      throw error;
    }
  }

  /** Writes all batches at once, and tells of them in order. Resolves to the samples of those that the store was away for. */
  async #deliver(samples: readonly Sample[]): Promise<readonly Sample[]> {
    const { store } = this.#parts;
    const underWay = batchesOf(samples).map((batch) => ({ batch, outcome: orAway(deliver(store, batch)) }));
    // One that fails otherwise ends this call: the others must not then fail unheard.
    for (const { outcome } of underWay) outcome.catch(() => undefined);
    const left: Sample[] = [];
    for (const { batch, outcome } of underWay) {
      const delivery = await outcome;
      if (delivery instanceof StoreUnavailableError) {
        this.#storeTrouble = delivery.message;
        left.push(...batch);
      } else {
        // One that was taken beside one that was not does not say that the store is back.
        if (left.length === 0) this.#storeTrouble = null;
        if (this.#parts.spool?.samples === 0) this.#spoolTrouble = null;
        await this.#tell(delivery);
      }
    }
    return left;
  }

  async #tell({ taken, refusals }: Delivery): Promise<void> {
    const { announcer, instruments, log } = this.#parts;
    instruments.samplesWritten.add(taken.length);
    await announcer.announce(taken);
    const [first] = refusals;
    if (!first) return;
    instruments.samplesDropped.add(refusals.length, { reason: 'refused by the store' });
    const { pool, signal, source } = first.sample;
    log.warn({ dropped: refusals.length, pool, signal, source }, `samples refused by the store: ${first.reason}`);
  }

  #refusal(): Error {
    if (this.#spoolTrouble !== null) return new SpoolError(this.#spoolTrouble);
    return new StoreUnavailableError(this.#storeTrouble ?? 'the store was away');
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

function batchesOf(samples: readonly Sample[]): (readonly Sample[])[] {
  if (samples.length <= BATCH_MAX) return samples.length === 0 ? [] : [samples];
  const count = Math.ceil(samples.length / BATCH_MAX);
  return Array.from({ length: count }, (_, index) => samples.slice(index * BATCH_MAX, (index + 1) * BATCH_MAX));
}

/** An outage as a result: two writes may end in one, and each of them is to be looked at. */
async function orAway(delivery: Promise<Delivery>): Promise<Delivery | StoreUnavailableError> {
  try {
    return await delivery;
  } catch (error) {
    if (error instanceof StoreUnavailableError) return error;
    throw error;
  }
}

function healthOf(trouble: string | null): Health {
  return trouble === null ? { ok: true } : { ok: false, reason: trouble };
}
