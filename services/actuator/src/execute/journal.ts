import { type StateBucket, StateConflictError } from '@forescale/shared/state';
import { type NodeRecord, nodeRecordSchema } from './record.ts';

/** An entry of the journal that cannot be read. Nothing is created or collected until a human has looked. */
class JournalCorruptError extends Error {
  override readonly name = 'JournalCorruptError';
}

interface Entry {
  readonly record: NodeRecord;
  readonly revision: number;
}

/**
 * The nodes of one pool that were asked for and are not verified gone, one entry of the bucket each. What is in
 * memory is what the bucket said last: a write that fails, or that finds another writer's revision, leaves the
 * journal unloaded, and it is read anew before anything else is done, just as after a crash.
 */
export class Journal {
  readonly #bucket: StateBucket;
  readonly #prefix: string;
  #entries: Map<string, Entry> | null = null;

  constructor(bucket: StateBucket, pool: string) {
    this.#bucket = bucket;
    this.#prefix = `node.${pool}.`;
  }

  /** Reads the bucket unless memory is known to be true. Rejects with `JournalCorruptError` or the bucket's errors. */
  async load(): Promise<void> {
    if (this.#entries !== null) return;
    const keys = await this.#bucket.keys(this.#prefix);
    const loaded = await Promise.all(
      keys.map(async (key) => {
        const entry = await this.#bucket.get(key);
        return entry && { record: parseRecord(key, entry.value), revision: entry.revision };
      }),
    );
    this.#entries = new Map(loaded.filter((one) => one !== null).map((one) => [one.record.requestId, one]));
  }

  /** Notices entries that another process has left behind, or taken away: the journal is read anew then. */
  async checkKeys(): Promise<void> {
    const keys = await this.#bucket.keys(this.#prefix);
    const isSame = keys.length === this.#entries?.size && keys.every((key) => this.get(key.slice(this.#prefix.length)));
    if (!isSame) this.#entries = null;
  }

  /** Another process may have written: what is in memory counts no more. */
  forget(): void {
    this.#entries = null;
  }

  /** Else `records` is empty, which says nothing. */
  get isRead(): boolean {
    return this.#entries !== null;
  }

  /** In the order in which they were asked for. */
  records(): NodeRecord[] {
    return [...(this.#entries?.values() ?? [])]
      .map((entry) => entry.record)
      .sort((a, b) => a.createdMs - b.createdMs || (a.requestId < b.requestId ? -1 : 1));
  }

  get(requestId: string): NodeRecord | null {
    return this.#entries?.get(requestId)?.record ?? null;
  }

  /** Resolves to its revision once the record is durable: only then may its call be sent. */
  async add(record: NodeRecord): Promise<number> {
    return await this.#write(record, 0);
  }

  /** Takes an intent back as `add` has written it: whoever has taken it up since goes on with it. */
  async withdraw(requestId: string, revision: number): Promise<void> {
    await this.#delete(requestId, revision);
  }

  /** Replaces the fields given, and resolves to the record as it is now. */
  async update(requestId: string, change: Partial<Omit<NodeRecord, 'requestId' | 'pool'>>): Promise<NodeRecord> {
    const entry = this.#entries?.get(requestId);
    if (!entry) throw new StateConflictError(`${requestId}: not in the journal any more`);
    const record = { ...entry.record, ...change };
    await this.#write(record, entry.revision);
    return record;
  }

  /** Only as it was known here: what another process has written of it since must not be lost. */
  async remove(requestId: string): Promise<void> {
    const revision = this.#entries?.get(requestId)?.revision;
    if (revision === undefined) throw new StateConflictError(`${requestId}: not in the journal any more`);
    await this.#delete(requestId, revision);
  }

  async #delete(requestId: string, revision: number): Promise<void> {
    try {
      await this.#bucket.delete(this.#prefix + requestId, revision);
      this.#entries?.delete(requestId);
    } catch (error) {
      this.#entries = null;
      throw error;
    }
  }

  /** What could not be read again is refused: one such entry would stop the pool for good. */
  async #write(record: NodeRecord, revision: number): Promise<number> {
    const readable = nodeRecordSchema.safeParse(record);
    if (!readable.success) {
      const [issue] = readable.error.issues;
      throw new TypeError(`${record.requestId}: ${issue?.path.join('.')}: ${issue?.message}`);
    }
    try {
      const value = new TextEncoder().encode(JSON.stringify(record));
      const written = await this.#bucket.compareAndSet(this.#prefix + record.requestId, value, revision);
      this.#entries?.set(record.requestId, { record, revision: written });
      return written;
    } catch (error) {
      this.#entries = null;
      throw error;
    }
  }
}

function parseRecord(key: string, value: Uint8Array): NodeRecord {
  try {
    return nodeRecordSchema.parse(JSON.parse(new TextDecoder().decode(value)));
  } catch (error) {
    throw new JournalCorruptError(`journal entry ${key} cannot be read`, { cause: error });
  }
}
