import type { ClusterKey } from '@forescale/shared/domain';
import type { SeriesConfig } from '../history/index.ts';
import { type ModelStore, reasonToTrain, type SavedModel, type TrainingQueue } from '../training/index.ts';
import { TrainingAsker } from './training-asker.ts';

/** Fewer series have nothing to teach each other that is worth the time. */
const SERIES_MIN = 8;
/** A message that tells of a new one may be lost. */
const LOOK_EVERY_MS = 600_000;
/** The first trainings of series wait this long for the network that they should begin with. */
const FIRST_WITHIN_MS = 900_000;
/** A series with a day of 5-min cells shows a shape. */
const CELLS_MIN = 288;

/** The network that all series of one step and horizon have in common: when it was made, and when it is due. */
export class SharedNetwork {
  readonly key: ClusterKey;
  readonly #models: ModelStore;
  readonly #asker: TrainingAsker;
  readonly #retrainEveryMs: number;
  #newest: SavedModel | null = null;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #firstLookMs: number | null = null;

  private constructor(key: ClusterKey, series: readonly SeriesConfig[], models: ModelStore, queue: TrainingQueue) {
    this.key = key;
    this.#models = models;
    this.#asker = new TrainingAsker(queue, models, key);
    this.#retrainEveryMs = Math.min(...series.map(({ pool }) => pool.forecast.retrainEveryMs));
  }

  /** One for each step and horizon that enough series have. */
  static of(series: readonly SeriesConfig[], models: ModelStore, queue: TrainingQueue): SharedNetwork[] {
    const byShape = Map.groupBy(series, ({ shape }) => `${shape.stepMs} ${shape.horizon}`);
    return [...byShape.values()].flatMap((alike) => {
      const [first] = alike;
      if (!first || alike.length < SERIES_MIN) return [];
      const { stepMs, horizon } = first.shape;
      return [new SharedNetwork({ kind: 'cluster', stepMs, horizon }, alike, models, queue)];
    });
  }

  isFor({ shape }: SeriesConfig): boolean {
    return shape.stepMs === this.key.stepMs && shape.horizon === this.key.horizon;
  }

  /** When the newest was made; null while there is none. */
  get savedMs(): number | null {
    return this.#newest?.savedMs ?? null;
  }

  /** Whether a series that has no model yet should wait for it a while. */
  isAwaited(nowMs: number): boolean {
    return this.#newest === null && nowMs - (this.#firstLookMs ?? nowMs) < FIRST_WITHIN_MS;
  }

  /** Looks for a newer one, now and then, and whenever one is waited for. Rejects as the models' store does. */
  async look(nowMs: number, heard = false): Promise<void> {
    this.#firstLookMs ??= nowMs;
    if (!heard && !this.#asker.isWaiting && nowMs - this.#lookedMs < LOOK_EVERY_MS) return;
    const newest = await this.#models.newest(this.key);
    this.#lookedMs = nowMs;
    if (newest?.version === this.#newest?.version) return;
    if (newest !== null) this.#asker.answered();
    // One from the future, by a clock that is ahead of ours, is as old as our knowledge of it.
    this.#newest = newest && { ...newest, savedMs: Math.min(newest.savedMs, nowMs) };
  }

  /** Asks for a training when it is due; `cells` is the longest history that is known of its series. */
  async train(nowMs: number, cells: number, wait: boolean): Promise<void> {
    if (cells < CELLS_MIN) return;
    const age = { trainedMs: this.savedMs, trainedCells: 0, cells: 0, cellsMax: 0, isOffered: false, drifted: false };
    const reason = reasonToTrain(age, nowMs, this.#retrainEveryMs);
    if (reason) await this.#asker.ask(reason, nowMs, wait);
  }
}
