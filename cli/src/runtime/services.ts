import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Spool } from '@forescale/collector/spool';
import type { ModelStore } from '@forescale/predictor/training';
import { ConfigError } from '@forescale/shared/config';
import type { HttpOptions } from '@forescale/shared/http';
import type { Elector } from '@forescale/shared/leadership';
import type { Readiness } from '@forescale/shared/service';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import { seededRandom, systemClock } from '@forescale/shared/time';
import { electorOf } from './election.ts';
import type { Runtime } from './runtime.ts';
import { readToken } from './secrets.ts';
import { openSources } from './sources.ts';

export type ServiceName = 'collector' | 'predictor' | 'actuator';

export interface ServiceParts {
  readonly runtime: Runtime;
  readonly readiness: Readiness;
  readonly instruments: Instruments;
  readonly log: Log;
}

/** A service as its process sees it. */
export interface RunningService {
  readonly name: ServiceName;
  tick(nowMs: number): Promise<void>;
  stop(): Promise<void>;
  readonly routes?: NonNullable<HttpOptions['routes']>;
}

/** Models lie where the bus is: predictors that share it see each other's. */
async function openModels(runtime: Runtime): Promise<ModelStore> {
  const { createFileModelStore, createStateModelStore } = await import('@forescale/predictor/training');
  const { bus, dataDir } = runtime.config;
  if (bus.kind === 'nats') return createStateModelStore(await runtime.openState('models'));
  return createFileModelStore(join(dataDir, 'models'));
}

/** Null: this actuator is the only one. */
async function joinElection({ runtime, readiness, log }: ServiceParts): Promise<Elector | null> {
  const { LEASE_NAME } = await import('@forescale/shared/kubernetes');
  const port = runtime.openLease(LEASE_NAME);
  if (port === null) return null;
  const elector = electorOf(port, (health) => readiness.set('lease', health));
  log.info({ self: elector.self, lease: LEASE_NAME }, 'takes part in the election of the leader');
  return elector;
}

/** Null beside an embedded store: that is a file on the same disk, and away only when the disk is. */
async function openSpool({ runtime, instruments, log }: ServiceParts): Promise<Spool | null> {
  const { store, dataDir } = runtime.config;
  if (store.kind !== 'influxdb' || !store.spool.enabled) return null;
  const { openFileSpool } = await import('@forescale/collector/spool');
  return openFileSpool({
    path: store.spool.path ?? join(dataDir, 'collector-spool.db'),
    bytesMax: store.spool.bytesMax,
    onSetAside(message, samplesLost) {
      log.error({ samplesLost }, message);
      instruments.samplesDropped.add(samplesLost, { reason: 'spool corrupt' });
    },
  });
}

/** How each service is put together from the parts of its process. Its code is loaded where it runs: a start stays quick. */
export const SERVICES: Readonly<Record<ServiceName, (parts: ServiceParts) => Promise<RunningService>>> = {
  async collector(parts) {
    const { runtime, ...rest } = parts;
    const { startCollector } = await import('@forescale/collector/service');
    const { config, store, bus, clock } = runtime;
    const { sources, close } = await openSources(runtime, parts.log);
    const spool = await openSpool(parts);
    const collector = await startCollector({
      config,
      store,
      spool,
      bus,
      clock,
      sources,
      ioClock: systemClock,
      ...rest,
    });
    return {
      name: 'collector',
      tick: (nowMs) => collector.tick(nowMs),
      routes: (app) => collector.routes(app),
      async stop() {
        await collector.stop();
        await close();
      },
    };
  },
  async predictor({ runtime, ...rest }) {
    const { startPredictor } = await import('@forescale/predictor/service');
    const { config, store, bus, clock } = runtime;
    const predictor = await startPredictor({
      config,
      store,
      bus,
      clock,
      models: await openModels(runtime),
      id: `predictor-${randomInt(2 ** 47).toString(16)}`,
      // One processor stays free for what must not wait.
      workers: Math.max(1, availableParallelism() - 1),
      ...rest,
    });
    return { name: 'predictor', ...predictor };
  },
  async actuator(parts) {
    const [
      { startActuator },
      { startScaler },
      { openProvider },
      { apiRoutes },
      { pageRoutes },
      { solverFor },
      { whatIfRoutes },
    ] = await Promise.all([
      import('@forescale/actuator/service'),
      import('@forescale/actuator/scaler'),
      import('@forescale/actuator/providers'),
      import('@forescale/actuator/api'),
      import('@forescale/dashboard/page'),
      import('./mix-solver.ts'),
      import('../what-if/index.ts'),
    ]);
    const { runtime, ...rest } = parts;
    const { config, store, bus, clock, cluster } = runtime;
    if (!cluster) throw new ConfigError('autoscaler.kubernetes.enabled = false; allowed for the actuator: true');
    const { kube, ...ports } = cluster;
    const scaler = await startScaler({
      config,
      store,
      bus,
      clock,
      ioClock: systemClock,
      log: parts.log,
      metricsToken: await readToken(
        'autoscaler.scaler.external_metrics.token_file',
        config.scaler.externalMetrics?.tokenFile ?? null,
      ),
    });
    const begin = async () =>
      await startActuator({
        config,
        ...ports,
        store,
        bus,
        state: await runtime.openState('actuator'),
        clock,
        ioClock: systemClock,
        // Node names must differ from start to start.
        random: seededRandom(randomInt(2 ** 31 - 1)),
        homeNode: process.env.NODE_NAME ?? null,
        leadership: await joinElection(parts),
        openProvider: (one) => openProvider(one, { clock: systemClock, kube }),
        solve: await solverFor(config.pools),
        ...rest,
      });
    const actuator = await begin().catch(async (error: unknown) => {
      await scaler.stop();
      throw error;
    });
    const api = apiRoutes({ config, store, bus, clock, actuator });
    return {
      name: 'actuator',
      tick: (nowMs) => actuator.tick(nowMs),
      async stop() {
        await scaler.stop();
        await actuator.stop();
      },
      routes: async (app) => {
        await api(app);
        whatIfRoutes({ config, store, clock, actuator })(app);
        await app.register(pageRoutes());
      },
    };
  },
};
