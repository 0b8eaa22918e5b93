import { setTimeout as delay } from 'node:timers/promises';
import type { KV, KvEntry } from 'nats';
import { BusRejectedError, BusUnavailableError } from '../bus/errors.ts';
import { ANSWER_TIMEOUT_MS, NatsLink, type NatsOptions, type NatsSession } from '../bus/nats-link.ts';
import { apiErrorCode } from '../bus/nats-stream.ts';
import type { Health } from '../store/store.ts';
import { type Clock, systemClock } from '../time/index.ts';
import { checkKey, checkRevision, checkValue, conflict } from './entry.ts';
import { StateRejectedError, StateUnavailableError } from './errors.ts';
import type { StateBucket, StateEntry } from './state.ts';

export interface JetStreamStateOptions extends NatsOptions {
  /** `[A-Za-z0-9_-]+`. */
  readonly bucket: string;
  /** Tells how old a deletion is. */
  readonly clock?: Clock;
}

/** JetStream's number for "the subject has been written since". */
const WRONG_SEQUENCE = 10071;
/** A deletion leaves a mark. It stays this long, by when the server has surely written down what it deletes. */
const MARK_KEPT_MS = 30 * 60_000;
const SWEEP_AFTER_DELETIONS = 200;
/** What nobody at the server took (a bucket being made, moved or lost) was not written: it is asked again so often. */
const ASKS_MAX = 4;
const ASK_AGAIN_MS = 250;

/** A bucket of JetStream's key-value store, over a connection of its own; made on first use. */
export async function createJetStreamState(options: JetStreamStateOptions): Promise<StateBucket> {
  if (!/^[A-Za-z0-9_-]+$/.test(options.bucket)) throw new StateRejectedError(`bucket ${options.bucket}: not a name`);
  return new JetStreamState(await NatsLink.open(options), options.bucket, options.clock ?? systemClock);
}

class JetStreamState implements StateBucket {
  readonly #link: NatsLink;
  readonly #bucket: string;
  readonly #clock: Clock;
  #view: Promise<KV> | null = null;
  #deletions = 0;

  constructor(link: NatsLink, bucket: string, clock: Clock) {
    this.#link = link;
    this.#bucket = bucket;
    this.#clock = clock;
  }

  async get(key: string): Promise<StateEntry | null> {
    checkKey(key);
    const entry = await this.#ask((view) => view.get(key));
    return entry === null || isMark(entry) ? null : { value: entry.value, revision: entry.revision };
  }

  async put(key: string, value: Uint8Array): Promise<number> {
    checkKey(key);
    checkValue(key, value);
    return this.#ask((view) => view.put(key, value));
  }

  async compareAndSet(key: string, value: Uint8Array, revision: number): Promise<number> {
    checkKey(key);
    checkValue(key, value);
    checkRevision(key, revision);
    try {
      // `create` knows a deletion's mark from an entry.
      return await this.#ask((view) => (revision === 0 ? view.create(key, value) : view.update(key, value, revision)));
    } catch (error) {
      if (apiErrorCode(error) === WRONG_SEQUENCE) throw conflict(key, revision);
      throw error;
    }
  }

  async delete(key: string, revision?: number): Promise<void> {
    if (revision !== undefined) checkRevision(key, revision);
    // Without an entry no mark is left.
    if ((await this.get(key)) === null) return;
    try {
      await this.#ask((view) => view.delete(key, revision === undefined ? {} : { previousSeq: revision }));
    } catch (error) {
      if (revision !== undefined && apiErrorCode(error) === WRONG_SEQUENCE) throw conflict(key, revision);
      throw error;
    }
    if (++this.#deletions % SWEEP_AFTER_DELETIONS === 0) this.#sweep();
  }

  async keys(prefix: string): Promise<string[]> {
    const entries = await this.#ask(lastEntries);
    return entries
      .filter((entry) => !isMark(entry) && entry.key.startsWith(prefix))
      .map((entry) => entry.key)
      .sort();
  }

  health(): Promise<Health> {
    return this.#link.health();
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  async #ask<T>(call: (view: KV) => Promise<T>, asks = 1): Promise<T> {
    try {
      return await this.#link.ask(async (session) => call(await this.#open(session)), ANSWER_TIMEOUT_MS);
    } catch (error) {
      const written = apiErrorCode(error) === WRONG_SEQUENCE;
      // Perhaps the server has lost the bucket: the next call makes sure of it.
      if (!written) this.#view = null;
      if (asks < ASKS_MAX && nobodyTook(error as Error)) {
        await delay(ASK_AGAIN_MS);
        return this.#ask(call, asks + 1);
      }
      if (written || !(error instanceof BusUnavailableError || error instanceof BusRejectedError)) throw error;
      throw new StateUnavailableError(error.message, { cause: error });
    }
  }

  #open({ jetStream }: NatsSession): Promise<KV> {
    if (this.#view === null) {
      const replicas = this.#link.replicas;
      // Direct reads may come from a replica that lags behind.
      const options = { history: 1, replicas, allow_direct: false, description: 'Made by Forescale' };
      this.#view = jetStream.views.kv(this.#bucket, options);
      this.#view.then(
        () => this.#sweep(),
        () => {},
      );
    }
    return this.#view;
  }

  /**
   * Removes old marks, each by its number: an entry that has been made again meanwhile has another one. (The library's
   * own `purgeDeletes` removes by key, and would take the new entry with it.)
   */
  #sweep(): void {
    const sweeping = this.#link.ask(async ({ manager }) => {
      const view = await this.#view;
      const entries = view === null ? [] : await lastEntries(view);
      for (const entry of entries) {
        if (!isMark(entry) || this.#clock.nowMs() - entry.created.getTime() < MARK_KEPT_MS) continue;
        await manager.streams.deleteMessage(`KV_${this.#bucket}`, entry.revision).catch(() => {});
      }
    });
    // Nothing depends on it, and the next one takes what this one has left.
    sweeping.catch(() => {});
  }
}

/** The newest entry or mark of each key, without its value. */
async function lastEntries(view: KV): Promise<KvEntry[]> {
  const byKey = new Map<string, KvEntry>();
  // `history` takes `headers_only`, though its type does not say so.
  const options = { key: '>', headers_only: true };
  for await (const entry of await view.history(options)) byKey.set(entry.key, entry);
  return [...byKey.values()];
}

function isMark(entry: KvEntry): boolean {
  return entry.operation !== 'PUT';
}

/** The server's word that nobody listens where the question went. */
function nobodyTook({ cause }: Error): boolean {
  return (cause as { code?: string } | undefined)?.code === '503';
}
