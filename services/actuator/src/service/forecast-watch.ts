import { formatDuration } from '@forescale/shared/time';
import type { PlanReport } from '../plan/index.ts';

/** What has become of the forecast of a signal. */
export interface ForecastChange {
  readonly signal: string;
  readonly accepted: boolean;
  /** Why it is not used; of one that is used again, for how long it was not. */
  readonly why: string;
}

/**
 * Notices when forecasts begin to be rejected, and when they are used again, so that each is told once and not at every
 * tick. A signal whose forecast is simply not there stays what it was. After a restart a forecast that is still
 * rejected is told again: nobody else keeps that it was.
 */
export class ForecastWatch {
  /** By signal: since when its forecasts are rejected. */
  readonly #rejectedSinceMs = new Map<string, number>();
  readonly #signals: ReadonlySet<string>;

  /** Of the given signals only: what a message claims to be about is not worth remembering. */
  constructor(signals: readonly string[]) {
    this.#signals = new Set(signals);
  }

  observe(report: Pick<PlanReport, 'needs' | 'rejectedForecasts'>, nowMs: number): ForecastChange[] {
    const changes: ForecastChange[] = [];
    for (const { signal, reason } of report.rejectedForecasts) {
      if (!this.#signals.has(signal) || this.#rejectedSinceMs.has(signal)) continue;
      this.#rejectedSinceMs.set(signal, nowMs);
      changes.push({ signal, accepted: false, why: reason });
    }
    for (const signal of usedSignals(report)) {
      const sinceMs = this.#rejectedSinceMs.get(signal);
      if (sinceMs === undefined) continue;
      this.#rejectedSinceMs.delete(signal);
      changes.push({ signal, accepted: true, why: `is used again after ${formatDuration(nowMs - sinceMs)}` });
    }
    return changes;
  }
}

/** Signals whose forecast a plan was made with. */
export function usedSignals({ needs }: Pick<PlanReport, 'needs'>): string[] {
  const prefix = 'forecast:';
  return needs.flatMap(({ source }) => (source.startsWith(prefix) ? [source.slice(prefix.length)] : []));
}
