import { SignalHistory } from '@forescale/predictor/service';
import type { Trainer } from '@forescale/predictor/training';
import type { PoolConfig, SignalConfig } from '@forescale/shared/config';
import { joinSeries, type Series } from '@forescale/shared/domain';
import type { Store } from '@forescale/shared/store';
import type { ReplaySummary } from '@forescale/simulator/replay';
import type { Knob } from './knobs.ts';
import type { ReplayJob } from './replay-job.ts';

const HOUR_MS = 3_600_000;
/** Scored: what people remember, and few enough steps for an answer within seconds. */
const SCORED_MS = 24 * HOUR_MS;
/** Seen before: two weeks and a day, for the week before and the same day of it. */
const HISTORY_MS = 15 * 24 * HOUR_MS;
const SPAN_MS_MIN = 3 * HOUR_MS;
/** A new question of the same hour gets the same answer. */
const ANSWERS_MAX = 100;

/** There is no answer now, and why. The message is for people. */
export class WhatIfError extends Error {
  override readonly name = 'WhatIfError';
}

/** What a setting comes to over the scored time. */
interface Outcome {
  readonly usd: number;
  readonly unmet_demand_share: number;
  readonly shortage_minutes: number;
  readonly nodes_created: number;
}

export interface Comparison {
  /** Scored, until now. */
  readonly hours: number;
  readonly as_is: Outcome;
  readonly changed: Outcome;
}

export interface WhatIfParts {
  readonly store: Store;
  readonly trainer: Trainer<ReplayJob, ReplaySummary>;
  /** Ends what is replayed, for nobody to wait for. */
  readonly signal?: AbortSignal;
}

/** Replays the recent load of a signal with a pool as it is and as it would be. Changes nothing, and one question at a time. */
export class WhatIf {
  readonly #parts: WhatIfParts;
  readonly #answers = new Map<string, Promise<ReplaySummary>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: WhatIfParts) {
    this.#parts = parts;
  }

  /** Rejects with `WhatIfError`, or as the store does. */
  async compare(pool: PoolConfig, signal: SignalConfig, knob: Knob, value: number, nowMs: number): Promise<Comparison> {
    if (signal.capacityPerNode === null)
      throw new WhatIfError(`what a node carries of ${signal.name} is not known yet: nothing can be replayed`);
    const alone = { ...pool, signals: [signal] };
    const atMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
    const key = `${pool.name} ${signal.name} ${signal.capacityPerNode} ${atMs}`;
    const asIs = await this.#answer(`${key} as is`, alone, atMs);
    const turned = knob.turned(alone, value);
    const isSame = knob.current(pool, nowMs) === value;
    const changed = isSame ? asIs : await this.#answer(`${key} ${knob.name} ${value}`, turned, atMs);
    return { hours: asIs.steps / 60, as_is: outcomeOf(asIs), changed: outcomeOf(changed) };
  }

  #answer(key: string, pool: PoolConfig, nowMs: number): Promise<ReplaySummary> {
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = this.#last.then(() => this.#replay(pool, nowMs));
    this.#last = answer.catch(() => undefined);
    this.#answers.set(key, answer);
    // What failed may go well the next time.
    answer.catch(() => this.#answers.delete(key));
    if (this.#answers.size > ANSWERS_MAX) this.#answers.delete(this.#answers.keys().next().value as string);
    return answer;
  }

  async #replay(pool: PoolConfig, nowMs: number): Promise<ReplaySummary> {
    const trace = await this.#load(pool, pool.signals[0] as SignalConfig, nowMs);
    const spanMs = (trace.timesMs.at(-1) ?? 0) - (trace.timesMs[0] ?? 0);
    if (spanMs < SPAN_MS_MIN) throw new WhatIfError('there is not enough history to replay: it takes 3 h at least');
    const scoredMs = Math.min(SCORED_MS, spanMs / 2);
    const { trainer, signal } = this.#parts;
    return await trainer.run({ trace, pool, historyShare: 1 - scoredMs / spanMs }, signal ? { signal } : {});
  }

  async #load(pool: PoolConfig, signal: SignalConfig, nowMs: number): Promise<Series> {
    const history = new SignalHistory(this.#parts.store, pool.name, signal, nowMs - HISTORY_MS);
    const pages: Series[] = [];
    do pages.push(await history.next(nowMs));
    while (history.hasMore);
    return joinSeries(pages);
  }
}

function outcomeOf({ usd, unmet_demand_share, shortage_time_share, steps, nodes_created }: ReplaySummary): Outcome {
  return { usd, unmet_demand_share, shortage_minutes: Math.round(shortage_time_share * steps), nodes_created };
}
