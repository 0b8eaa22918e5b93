import { type Bus, createInProcessBus, RequestFailedError } from '@forescale/shared/bus';
import { parseConfig } from '@forescale/shared/config';
import { FORECAST_LEVELS, type Forecast, MAX_LEAD_MINUTES } from '@forescale/shared/domain';
import { ManualClock } from '@forescale/shared/time';
import { encodeForecast, streams, subjects } from '@forescale/shared/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerForecasts } from './forecast-answers.ts';

const NOW_MS = Date.UTC(2026, 2, 4, 9);
const config = parseConfig(
  'autoscaler: { pools: [{ name: web, signals: [{ name: rps }, { name: cpu }] }, { name: dark, forecast: { enabled: false } }] }',
  'test',
  {},
);

let clock: ManualClock;
let bus: Bus;

beforeEach(async () => {
  clock = new ManualClock(NOW_MS);
  bus = createInProcessBus({ clock });
  await bus.ensureStream(streams.forecast);
});
afterEach(() => bus.close());

function forecast(signal = 'rps'): Forecast {
  return {
    pool: 'web',
    signal,
    issuedMs: NOW_MS,
    validUntilMs: NOW_MS + 600_000,
    stepMs: 300_000,
    levels: FORECAST_LEVELS,
    timesMs: [NOW_MS + 300_000],
    quantiles: FORECAST_LEVELS.map((_, i) => [100 + i]),
    maxQuantiles: FORECAST_LEVELS.map((_, i) => MAX_LEAD_MINUTES.map(() => 110 + i)),
    model: 'seasonal-naive',
    backend: 'cpu',
    weights: {},
    accuracy: null,
  };
}

const ask = (pool: string, signal: string, body = '') =>
  bus.request(subjects.getForecast(pool, signal), new TextEncoder().encode(body), 5_000);

describe('the newest forecast on request', () => {
  it('is what was published, byte for byte, whatever the request carries', async () => {
    await answerForecasts({ config, bus, clock });
    await bus.publish(subjects.forecast('web', 'cpu'), encodeForecast(forecast('cpu')));
    await bus.publish(subjects.forecast('web', 'rps'), encodeForecast({ ...forecast(), model: 'older' }));
    await bus.publish(subjects.forecast('web', 'rps'), encodeForecast(forecast()));
    for (const body of ['', '{}', '\u0000\ufffd'])
      expect((await ask('web', 'rps', body)).data).toEqual(encodeForecast(forecast()));
  });

  it.each([
    ['shop', 'rps', 'pool = "shop"; allowed: web, dark'],
    ['web', 'rsp', 'signal = "rsp"; allowed: rps, cpu'],
    ['dark', 'cpu', 'pool = dark: its forecast is not enabled'],
    ['web', 'rps', 'forecast of web/rps: none yet'],
    ['x'.repeat(200), 'rps', `pool = "${'x'.repeat(80)}"; allowed: web, dark`],
  ])('%s %s is refused: %s', async (pool, signal, why) => {
    await answerForecasts({ config, bus, clock });
    const asked = ask(pool, signal);
    await expect(asked).rejects.toThrow(RequestFailedError);
    await expect(asked).rejects.toThrow(why);
  });

  it('one that has expired is refused, in the millisecond in which it does', async () => {
    await answerForecasts({ config, bus, clock });
    await bus.publish(subjects.forecast('web', 'rps'), encodeForecast(forecast()));
    clock.advanceTo(NOW_MS + 599_999);
    await ask('web', 'rps');
    clock.advanceTo(NOW_MS + 600_000);
    await expect(ask('web', 'rps')).rejects.toThrow('forecast of web/rps: expired at 2026-03-04T09:10:00.000Z');
  });

  it('what is no forecast on its subject is refused, and answering goes on', async () => {
    await answerForecasts({ config, bus, clock });
    await bus.publish(subjects.forecast('web', 'rps'), new TextEncoder().encode('{'));
    await expect(ask('web', 'rps')).rejects.toThrow('payload: not JSON in UTF-8');
    await bus.publish(subjects.forecast('web', 'rps'), encodeForecast(forecast()));
    await ask('web', 'rps');
  });

  it('of several predictors one looks, and the requests are no part of the stream', async () => {
    let looks = 0;
    const counting: Bus = Object.create(bus, {
      last: {
        value: (stream: string, subject: string) => {
          looks++;
          return bus.last(stream, subject);
        },
      },
      respond: { value: bus.respond.bind(bus) },
    });
    for (let i = 0; i < 3; i++) await answerForecasts({ config, bus: counting, clock });
    await bus.publish(subjects.forecast('web', 'rps'), encodeForecast(forecast()));
    for (let i = 0; i < 6; i++) await ask('web', 'rps');
    expect(looks).toBe(6);
    expect(await bus.last(streams.forecast.name, subjects.getForecast('web', 'rps'))).toBeNull();
  });
});
