import type { Forecast, Series } from '@forescale/shared/domain';
import type { Demand } from './demand.ts';
import type { ReplayForecaster } from './forescale-policy.ts';

/** Told now and then how far a replay is; awaited, so that the caller can let others run, or reject to stop it. */
export type OnReplayProgress = (
  done: number,
  of: number,
  what: 'history' | 'training' | 'replay',
) => Promise<void> | void;

interface Lessons {
  readonly trace: Series;
  readonly demand: Demand;
  readonly forecaster: ReplayForecaster;
  readonly retrainEveryMs: number;
  readonly onProgress: OnReplayProgress;
  /** Runs the work and counts its time as training. */
  readonly timed: (work: () => Promise<void>) => Promise<void>;
}

const PROGRESS_SAMPLES = 5_000;

/** Feeds a forecaster the samples as they become known, and has it trained when that is due. */
export class Learner {
  readonly #lessons: Lessons;
  #fed = 0;
  #newestMs = Number.NEGATIVE_INFINITY;
  #trainedMs = Number.NEGATIVE_INFINITY;

  constructor(lessons: Lessons) {
    this.#lessons = lessons;
  }

  /** Feeds all that is known at `nowMs`. */
  async feed(nowMs: number): Promise<void> {
    const { trace, demand, forecaster, onProgress } = this.#lessons;
    for (; this.#fed < trace.values.length; this.#fed++) {
      const knownAtMs = demand.knownAtMs(this.#fed);
      if (knownAtMs > nowMs) return;
      forecaster.observe(knownAtMs, trace.values[this.#fed] as number);
      this.#newestMs = knownAtMs;
      if (this.#fed % PROGRESS_SAMPLES === 0) await onProgress(this.#fed, trace.values.length, 'history');
    }
  }

  /** Null also while the trace is silent: a gap says nothing, and forecasts from before it lose their ground. */
  forecast(nowMs: number): Forecast | null {
    const { demand, forecaster } = this.#lessons;
    return nowMs - this.#newestMs > demand.silenceMsMax ? null : forecaster.forecast(nowMs);
  }

  async learn(nowMs: number): Promise<void> {
    const { forecaster, retrainEveryMs, onProgress, timed } = this.#lessons;
    await this.feed(nowMs);
    if (nowMs - this.#trainedMs < retrainEveryMs) return;
    this.#trainedMs = nowMs;
    await onProgress(0, 1, 'training');
    await timed(() => forecaster.train(nowMs));
    await onProgress(1, 1, 'training');
  }
}
