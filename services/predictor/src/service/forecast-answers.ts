import type { Bus, Subscription } from '@forescale/shared/bus';
import type { Config, PoolConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';
import { askedForecast, decodeEvent, forecastSchema, rfc3339, streams, subjects } from '@forescale/shared/wire';

/** Of all predictors one answers each request. */
const GROUP = 'forescale-predictors';

/** What a refusal shows of a name that somebody sent. */
const NAME_CHARS_MAX = 80;

export interface AnswerParts {
  readonly config: Config;
  readonly bus: Bus;
  readonly clock: Clock;
}

/** There is no forecast to give, or it may not be used any more. The message is the answer. */
class NoForecastError extends Error {
  override readonly name = 'NoForecastError';
}

/**
 * Answers requests on `forescale.v1.get.forecast.<pool>.<signal>`, whatever they carry, with the newest forecast as it
 * was published, byte for byte, or says why there is none. It is read where all predictors publish, so that any of them
 * can answer for every series, also one that has just begun. Rejects while the bus is away.
 */
export function answerForecasts({ config, bus, clock }: AnswerParts): Promise<Subscription> {
  const answer = async ({ subject }: { readonly subject: string }) => {
    const { pool, signal } = namesIn(subject, config);
    const message = await bus.last(streams.forecast.name, subjects.forecast(pool.name, signal));
    if (message === null) throw new NoForecastError(`forecast of ${pool.name}/${signal}: none yet`);
    const { validUntilMs } = decodeEvent(message.data, forecastSchema);
    if (validUntilMs <= clock.nowMs())
      throw new NoForecastError(`forecast of ${pool.name}/${signal}: expired at ${rfc3339(validUntilMs)}`);
    return message.data;
  };
  return bus.respond(subjects.getForecast('*', '*'), answer, GROUP);
}

function namesIn(subject: string, config: Config): { readonly pool: PoolConfig; readonly signal: string } {
  const asked = askedForecast(subject) ?? { pool: '', signal: '' };
  const pool = config.pools.find(({ name }) => name === asked.pool);
  if (!pool) throw unknown('pool', asked.pool, config.pools);
  if (!pool.forecast.enabled) throw new NoForecastError(`pool = ${pool.name}: its forecast is not enabled`);
  const signal = pool.signals.find(({ name }) => name === asked.signal);
  if (!signal) throw unknown('signal', asked.signal, pool.signals);
  return { pool, signal: signal.name };
}

function unknown(field: string, value: string, known: readonly { readonly name: string }[]): NoForecastError {
  const allowed = known.map(({ name }) => name).join(', ');
  return new NoForecastError(`${field} = ${JSON.stringify(value.slice(0, NAME_CHARS_MAX))}; allowed: ${allowed}`);
}
