import { createInProcessBus } from '@forescale/shared/bus';
import { parseConfig } from '@forescale/shared/config';
import type { Forecast } from '@forescale/shared/domain';
import { createSqliteStore } from '@forescale/shared/store';
import { silentLog } from '@forescale/shared/telemetry';
import { ManualClock } from '@forescale/shared/time';
import { encodeForecast, streams, subjects } from '@forescale/shared/wire';
import { NOW_MS } from './forecasts.test-data.ts';
import { startScaler } from './scaler.ts';

/** Of the External Metrics API. */
export const TOKEN = 'a-token-of-the-tests';

/** A scaler with a bus and a store of its own, and nothing else of an actuator: nobody ticks, and nobody leads. */
export async function startWorld(scaler: string) {
  const clock = new ManualClock(NOW_MS);
  const ioClock = new ManualClock(0);
  const bus = createInProcessBus({ clock });
  const store = await createSqliteStore({ path: ':memory:', clock });
  await bus.ensureStream(streams.forecast);
  const pools = '[{ name: web, signals: [{ name: rps }] }]';
  const config = parseConfig(`autoscaler: { pools: ${pools}, scaler: ${scaler} }`, 'test', {});
  const started = await startScaler({ config, store, bus, clock, ioClock, log: silentLog(), metricsToken: TOKEN });
  return {
    clock,
    ioClock,
    bus,
    scaler: started,
    publish: (forecast: Forecast) => bus.publish(subjects.forecast('web', 'rps'), encodeForecast(forecast)),
    /** At the time that it is. */
    measure: (value: number) =>
      store.write([
        {
          measurement: 'kpi',
          tags: { pool: 'web', signal: 'rps', source: 'a' },
          fields: { value },
          timeMs: clock.nowMs(),
        },
      ]),
    async stop() {
      await started.stop();
      await bus.close();
      await store.close();
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;
