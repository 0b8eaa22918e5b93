import type { Bus } from '@forescale/shared/bus';
import type { Forecast } from '@forescale/shared/domain';
import type { Store } from '@forescale/shared/store';
import type { Instruments, OpenSpan } from '@forescale/shared/telemetry';
import { encodeForecast, streams, subjects } from '@forescale/shared/wire';
import { bulkhead } from 'cockatiel';
import { accuracyPoints, forecastAhead, forecastPoints } from './forecast-points.ts';

/** Messages on their way to the bus at once. */
const PUBLISHED_AT_ONCE = 32;
/** What a store takes in one call. */
const POINTS_MAX = 10_000;

export interface PublisherParts {
  readonly bus: Bus;
  readonly store: Store;
  readonly instruments: Pick<
    Instruments,
    'forecastError' | 'forecastRelativeError' | 'forecastCoverage' | 'forecastValue'
  >;
}

/** A forecast, and the span in which it was made, which ends when it is published. */
export interface Made {
  readonly forecast: Forecast;
  readonly span: OpenSpan;
}

/** Says what is forecast: on the bus, in the store, in the metrics. */
export class ForecastPublisher {
  readonly #parts: PublisherParts;
  #streamReady = false;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** Rejects as bus and store do; any part may have been published then, and the next tick's forecasts replace it. */
  async publish(made: readonly Made[]): Promise<void> {
    const { bus, store } = this.#parts;
    const forecasts = made.map(({ forecast }) => forecast);
    if (!this.#streamReady) await bus.ensureStream(streams.forecast);
    this.#streamReady = true;
    const turns = bulkhead(PUBLISHED_AT_ONCE, Number.POSITIVE_INFINITY);
    await Promise.all(
      made.map(({ forecast, span }) =>
        turns.execute(async () => {
          const subject = subjects.forecast(forecast.pool, forecast.signal);
          await span.finish(() => bus.publishDurable(subject, encodeForecast(forecast)));
          this.#record(forecast);
        }),
      ),
    );
    const points = forecasts.flatMap((forecast) => [...forecastPoints(forecast), ...accuracyPoints(forecast)]);
    for (let from = 0; from < points.length; from += POINTS_MAX)
      await store.write(points.slice(from, from + POINTS_MAX));
  }

  #record(forecast: Forecast): void {
    const { pool, signal, model, accuracy } = forecast;
    const { forecastError, forecastRelativeError, forecastCoverage, forecastValue } = this.#parts.instruments;
    for (const { lead, level, value } of forecastAhead(forecast))
      forecastValue.record(value, { pool, signal, lead, level: String(level) });
    if (!accuracy) return;
    forecastError.record(accuracy.wql, { pool, signal, model });
    if (accuracy.relativeError !== null) forecastRelativeError.record(accuracy.relativeError, { pool, signal, model });
    forecastCoverage.record(accuracy.coverage90, { pool, signal, model, level: '0.9' });
    forecastCoverage.record(accuracy.coverage99, { pool, signal, model, level: '0.99' });
  }
}
