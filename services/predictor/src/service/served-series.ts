import { type ModelKey, modelName } from '@forescale/shared/domain';
import type { SeriesConfig } from '../history/index.ts';
import { isServedBy, type Member } from './ownership.ts';
import type { SeriesPredictor } from './series-predictor.ts';
import type { TrainingAsker } from './training-asker.ts';

/** A series that this process forecasts. */
export interface Served {
  readonly series: SeriesPredictor;
  readonly asker: TrainingAsker;
}

/** The series that this process forecasts, out of all that are configured. */
export class ServedSeries {
  readonly #self: string;
  readonly #all: readonly SeriesConfig[];
  readonly #create: (config: SeriesConfig) => Served;
  readonly #served = new Map<string, Served>();
  /** Remembered until somebody comes or goes. */
  #division: { readonly signature: string; readonly mine: readonly SeriesConfig[] } = { signature: '', mine: [] };

  constructor(self: string, all: readonly SeriesConfig[], create: (config: SeriesConfig) => Served) {
    this.#self = self;
    this.#all = all;
    this.#create = create;
  }

  get(key: ModelKey): Served | undefined {
    return this.#served.get(modelName(key));
  }

  /** Drops those that others forecast now; gives those whose history is loaded. */
  loaded(members: readonly Member[]): Served[] {
    const mine = new Set(this.#mine(members).map(({ key }) => modelName(key)));
    for (const name of this.#served.keys()) if (!mine.has(name)) this.#served.delete(name);
    return [...this.#served.values()].filter(({ series }) => series.isLoaded);
  }

  /** Takes on at most `count` of those that are ours and not loaded yet, leaving out those of `tried`. */
  takeOn(members: readonly Member[], count: number, tried: ReadonlySet<Served>): Served[] {
    const taken: Served[] = [];
    for (const config of this.#mine(members)) {
      if (taken.length === count) break;
      const name = modelName(config.key);
      const served = this.#served.get(name) ?? this.#create(config);
      this.#served.set(name, served);
      if (!served.series.isLoaded && !tried.has(served)) taken.push(served);
    }
    return taken;
  }

  /** Whether all that are ours are loaded. */
  isComplete(members: readonly Member[]): boolean {
    return this.#mine(members).every(({ key }) => this.get(key)?.series.isLoaded);
  }

  #mine(members: readonly Member[]): readonly SeriesConfig[] {
    const signature = members.map(({ id, state }) => `${id} ${state}`).join();
    if (this.#division.signature !== signature) {
      const mine = this.#all.filter(({ key }) => isServedBy(this.#self, members, modelName(key)));
      this.#division = { signature, mine };
    }
    return this.#division.mine;
  }
}
