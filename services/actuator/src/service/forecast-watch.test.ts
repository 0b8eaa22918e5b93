import { expect, test } from 'vitest';
import { ForecastWatch } from './forecast-watch.ts';

const MINUTE_MS = 60_000;
const used = (...signals: string[]) => signals.map((signal) => ({ source: `forecast:${signal}`, nodes: 1, why: '' }));
const rejected = (signal: string, reason = 'expired 1 s ago') => ({ signal, reason });

test('forecast watch: tells each signal once when it is rejected, and once when it is used again', () => {
  const watch = new ForecastWatch(['rps', 'cpu']);
  const at = (minute: number, needs: ReturnType<typeof used>, ...rejectedForecasts: ReturnType<typeof rejected>[]) =>
    watch.observe({ needs, rejectedForecasts }, minute * MINUTE_MS);
  expect(at(0, used('rps', 'cpu'))).toEqual([]);
  expect(at(1, used('cpu'), rejected('rps'))).toEqual([{ signal: 'rps', accepted: false, why: 'expired 1 s ago' }]);
  expect(at(2, used('cpu'), rejected('rps', 'expired 61 s ago'))).toEqual([]);
  expect(at(3, [], rejected('rps'), rejected('cpu', 'is not finite'))).toEqual([
    { signal: 'cpu', accepted: false, why: 'is not finite' },
  ]);
  expect(at(4, used('rps'), rejected('cpu'))).toEqual([
    { signal: 'rps', accepted: true, why: 'is used again after 3m' },
  ]);
  expect(at(5, used('rps', 'cpu'))).toEqual([{ signal: 'cpu', accepted: true, why: 'is used again after 2m' }]);
});

test('forecast watch: a forecast that is not there at all changes nothing', () => {
  const watch = new ForecastWatch(['rps']);
  watch.observe({ needs: [], rejectedForecasts: [rejected('rps')] }, 0);
  expect(watch.observe({ needs: [], rejectedForecasts: [] }, MINUTE_MS)).toEqual([]);
  expect(watch.observe({ needs: [], rejectedForecasts: [rejected('rps')] }, 2 * MINUTE_MS)).toEqual([]);
});

test('forecast watch: does not remember names that a message has made up', () => {
  const watch = new ForecastWatch(['rps']);
  expect(watch.observe({ needs: [], rejectedForecasts: [rejected('made-up')] }, 0)).toEqual([]);
});
