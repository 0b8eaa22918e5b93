import type { AutoscalerFacts, AutoscalerPart, Surroundings } from '@forescale/shared/kubernetes';
import type { Log } from '@forescale/shared/telemetry';
import { type Clock, within } from '@forescale/shared/time';

/** Who installs an autoscaler does not expect the others to notice within seconds. */
const READ_EVERY_MS = 5 * 60_000;
/** While a part is away. */
const RETRY_MS = 60_000;
/** A tick waits this long for an answer, and goes on with what is known. */
const WAIT_MS = 2_000;
/** A part that cannot be read any more stays as it was for this long. */
const KEEP_MS = 60 * 60_000;
/** A part that could not be read since the start holds up what is new for this long: it may never be. */
const HOLD_MS = 15 * 60_000;
const PARTS: readonly AutoscalerPart[] = ['clusterAutoscaler', 'deployments', 'nodePools'];

export interface KnownAutoscalers {
  /** Null: nothing was read yet. */
  readonly facts: AutoscalerFacts | null;
  /** Why too little is known to begin anything; null: enough is. */
  readonly unknown: string | null;
}

/** What is known of other autoscalers, for all pools and terms: read at the start and every 5 min. */
export class AutoscalerWatch {
  readonly #surroundings: Surroundings | null;
  readonly #ioClock: Clock;
  readonly #log: Log;
  #facts: AutoscalerFacts | null = null;
  /** When each part was read, or refused, last. */
  readonly #readMs = new Map<AutoscalerPart, number>();
  #firstMs: number | null = null;
  #dueMs = Number.NEGATIVE_INFINITY;
  #reading: { readonly begunMs: number; readonly awaited: Promise<void> } | null = null;
  #said = '';

  constructor(surroundings: Surroundings | null, ioClock: Clock, log: Log) {
    this.#surroundings = surroundings;
    this.#ioClock = ioClock;
    this.#log = log;
  }

  /** Never rejects: what cannot be read is told, once. An answer that is slow comes to the looks after this one. */
  async look(nowMs: number): Promise<KnownAutoscalers> {
    if (this.#surroundings === null) return { facts: null, unknown: null };
    this.#firstMs ??= nowMs;
    if (this.#reading === null && nowMs >= this.#dueMs) this.#reading = this.#begin(this.#surroundings, nowMs);
    // All pools look at once, and later ticks need not wait for it again.
    if (this.#reading?.begunMs === nowMs) await this.#reading.awaited;
    return { facts: this.#facts, unknown: nowMs - this.#firstMs < HOLD_MS ? this.#unknown() : null };
  }

  #begin(surroundings: Surroundings, begunMs: number) {
    const reading = () => this.#read(surroundings, begunMs);
    const awaited = within(this.#ioClock, WAIT_MS, reading, () => new Error('late')).catch(() => undefined);
    return { begunMs, awaited };
  }

  async #read(surroundings: Surroundings, nowMs: number): Promise<void> {
    try {
      this.#take(await surroundings.autoscalers(), nowMs);
    } finally {
      this.#reading = null;
    }
  }

  /** Parts that are away stay as they were. */
  #take(read: AutoscalerFacts, nowMs: number): void {
    const away = new Set(read.unread.filter((one) => !one.isRefused).map(({ part }) => part));
    for (const part of PARTS) if (!away.has(part)) this.#readMs.set(part, nowMs);
    const before = this.#facts ?? read;
    const from = (part: AutoscalerPart): AutoscalerFacts => {
      const readMs = this.#readMs.get(part) ?? Number.NEGATIVE_INFINITY;
      return away.has(part) && nowMs - readMs < KEEP_MS ? before : read;
    };
    this.#facts = {
      clusterAutoscaler: from('clusterAutoscaler').clusterAutoscaler,
      deployments: from('deployments').deployments,
      nodePools: from('nodePools').nodePools,
      unread: read.unread,
    };
    this.#dueMs = nowMs + (away.size > 0 ? RETRY_MS : READ_EVERY_MS);
    this.#say(read.unread.map(({ text }) => text).join('; '));
  }

  #unknown(): string | null {
    if (this.#facts === null) return 'the API server has not answered yet';
    const missing = this.#facts.unread.filter(({ part }) => !this.#readMs.has(part));
    return missing.length === 0 ? null : missing.map(({ text }) => text).join('; ');
  }

  #say(unread: string): void {
    if (unread !== '' && unread !== this.#said)
      this.#log.warn(`whether another autoscaler owns nodes is judged without what cannot be read: ${unread}`);
    this.#said = unread;
  }
}
