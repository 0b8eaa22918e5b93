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

/** The forecast as points of the measurement `forecast`, written at the time that each is *for*. */
export function forecastPoints(forecast: Forecast): Point[] {
  return Object.entries(LEADS).flatMap(([lead, leadMs]) => {
    // The first step at or after the lead: with 5-min steps from 10:02, "5m" is the step of 10:10.
    const step = forecast.timesMs.findIndex((timeMs) => timeMs >= forecast.issuedMs + leadMs);
    if (step < 0) return [];
    const values = forecast.levels.map((level, index) => [
      FIELD_BY_LEVEL[level] ?? `q${level}`,
      forecast.quantiles[index]?.[step] as number,
    ]);
    return [
      {
        measurement: 'forecast',
        tags: { pool: forecast.pool, signal: forecast.signal, model: forecast.model, lead },
        fields: { issued: forecast.issuedMs / 1_000, ...Object.fromEntries(values) },
        timeMs: forecast.timesMs[step] as number,
      },
    ];
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
