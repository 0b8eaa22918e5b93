import type { ModelKey } from '@forescale/shared/domain';
import type { TrainingReason } from '@forescale/shared/wire';
import type { ModelStore, TrainingQueue } from '../training/index.ts';

/** A training that brought no model, or whose message was lost, is asked for again after this long, then twice as long, … */
const FIRST_AGAIN_MS = 600_000;
const LAST_AGAIN_MS = 86_400_000;

/** Asks for the trainings of one model, one at a time. */
export class TrainingAsker {
  readonly #queue: TrainingQueue;
  readonly #models: Pick<ModelStore, 'newest'>;
  readonly #key: ModelKey;
  #askedMs: number | null = null;
  #againMs = FIRST_AGAIN_MS;

  constructor(queue: TrainingQueue, models: Pick<ModelStore, 'newest'>, key: ModelKey) {
    this.#queue = queue;
    this.#models = models;
    this.#key = key;
  }

  /** Asked, and no model has come yet. */
  get isWaiting(): boolean {
    return this.#askedMs !== null;
  }

  /**
   * Asks unless it has lately. With `wait` it resolves when a worker of this process has been at it. Rejects while the
   * bus or the models are away; the next call asks then.
   */
  async ask(reason: TrainingReason, nowMs: number, wait: boolean): Promise<void> {
    if (this.#askedMs !== null) {
      if (nowMs - this.#askedMs < this.#againMs) return;
      if (await this.#queue.isPending(this.#key)) {
        this.#askedMs = nowMs;
        return;
      }
      this.#againMs = Math.min(2 * this.#againMs, LAST_AGAIN_MS);
    }
    const before = this.#askedMs;
    this.#askedMs = nowMs;
    try {
      const knownVersion = (await this.#models.newest(this.#key))?.version ?? 0;
      const request = { key: this.#key, reason, requestedMs: nowMs, knownVersion };
      await (wait ? this.#queue.requestAndWait(request) : this.#queue.request(request));
    } catch (error) {
      this.#askedMs = before;
      throw error;
    }
  }

  /** A model has come. */
  answered(): void {
    this.#askedMs = null;
    this.#againMs = FIRST_AGAIN_MS;
  }
}
