import type { Forecast } from '@forescale/shared/domain';
import { demandMaxUntil, type RejectedForecast, whyUnusable } from '../plan/index.ts';
import type { Reading } from '../service/index.ts';
import type { LoadAsk } from './ask.ts';
import { UnknownLoadError } from './errors.ts';

/** What is known of one signal. */
export interface KnownSignal {
  readonly forecast: Forecast | null;
  /** What stands where a forecast should. */
  readonly unread: RejectedForecast | null;
  readonly reading: Reading | null;
}

/** The load to be ready for, in the unit of the signal. */
export interface LoadAhead {
  readonly value: number;
  /** Whether the forecast says it or it is there already. */
  readonly source: 'forecast' | 'observed';
  /** Why there is no forecast in it; null where there is. */
  readonly without: string | null;
}

/**
 * The forecast quantile of the maximum over (now, now + lead], and never less than what is observed now: a forecast
 * only ever adds. Without a forecast that may be used it is what is observed. Throws `UnknownLoadError` where that is
 * not known either.
 */
export function loadAhead(ask: LoadAsk, known: KnownSignal, nowMs: number): LoadAhead {
  const untilMs = nowMs + ask.leadMs;
  const without = whyWithout(ask, known, nowMs, untilMs);
  const observed = known.reading === null ? null : Math.max(0, known.reading.value);
  if (known.forecast === null || without !== null) {
    if (observed !== null) return { value: observed, source: 'observed', without };
    const { pool, signal } = ask;
    throw new UnknownLoadError(`${pool.name}/${signal.name}: the forecast ${without}, and no load was observed lately`);
  }
  const ahead = Math.max(0, demandMaxUntil(known.forecast, ask.quantile, untilMs));
  if (observed !== null && observed > ahead) return { value: observed, source: 'observed', without: null };
  return { value: ahead, source: 'forecast', without: null };
}

function whyWithout({ pool }: LoadAsk, { forecast, unread }: KnownSignal, nowMs: number, untilMs: number) {
  if (unread !== null) return unread.reason;
  if (forecast === null) return pool.forecast.enabled ? 'is not there yet' : 'is not enabled';
  if (forecast.pool !== pool.name) return `is for pool ${forecast.pool}`;
  return whyUnusable(forecast, nowMs, untilMs);
}
