import type { Forecast } from '@forescale/shared/domain';
import type { Point } from '@forescale/shared/store';

/** How long before its time a forecast is kept for comparison, by the name of its tag. */
const LEADS = { '5m': 300_000, '15m': 900_000, '60m': 3_600_000 } as const;

const FIELD_BY_LEVEL: Readonly<Record<string, string>> = {
  '0.1': 'q10',
  '0.5': 'q50',
  '0.9': 'q90',
  '0.95': 'q95',
  '0.99': 'q99',
  '0.999': 'q999',
};

/** The quantile of a level at the first step at or after a lead. */
interface Ahead {
  readonly lead: string;
  readonly timeMs: number;
  readonly level: number;
  readonly value: number;
}

/** Leads beyond the horizon are left out. With 5-min steps from 10:02, "5m" is the step of 10:10. */
export function forecastAhead({ issuedMs, timesMs, levels, quantiles }: Forecast): Ahead[] {
  return Object.entries(LEADS).flatMap(([lead, leadMs]) => {
    const step = timesMs.findIndex((timeMs) => timeMs >= issuedMs + leadMs);
    if (step < 0) return [];
    const timeMs = timesMs[step] as number;
    return levels.map((level, index) => ({ lead, timeMs, level, value: quantiles[index]?.[step] as number }));
  });
}

/** The forecast as points of the measurement `forecast`, written at the time that each is *for*. */
export function forecastPoints(forecast: Forecast): Point[] {
  const { pool, signal, model, issuedMs } = forecast;
  const byLead = Map.groupBy(forecastAhead(forecast), ({ lead }) => lead);
  return [...byLead].map(([lead, ahead]) => {
    const values = ahead.map(({ level, value }) => [FIELD_BY_LEVEL[level] ?? `q${level}`, value]);
    return {
      measurement: 'forecast',
      tags: { pool, signal, model, lead },
      fields: { issued: issuedMs / 1_000, ...Object.fromEntries(values) },
      timeMs: (ahead[0] as Ahead).timeMs,
    };
  });
}

/** The accuracy over the last day as a point of the measurement `accuracy`; none while nothing has matured. */
export function accuracyPoints({ pool, signal, model, accuracy, issuedMs }: Forecast): Point[] {
  if (accuracy === null) return [];
  const { wql, mase, coverage90, relativeError, hours } = accuracy;
  const fields = {
    wql,
    mase,
    coverage90,
    ...(relativeError === null ? {} : { relative_error: relativeError }),
    ...(hours === null ? {} : { hours }),
  };
  return [{ measurement: 'accuracy', tags: { pool, signal, model }, fields, timeMs: issuedMs }];
}
