import { join } from 'node:path';
import { startCollector } from '@forescale/collector/service';
import { startPredictor } from '@forescale/predictor/service';
import type { HttpOptions } from '@forescale/shared/http';
import type { Readiness } from '@forescale/shared/service';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import type { Runtime } from './runtime.ts';

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

/** How each service is put together from the parts of its process. */
export const SERVICES: Readonly<Record<ServiceName, (parts: ServiceParts) => Promise<RunningService>>> = {
  async collector({ runtime, ...rest }) {
    const { config, store, bus, clock, cluster } = runtime;
    const collector = await startCollector({
      config,
      store,
      bus,
      clock,
      cluster: cluster?.reader ?? null,
      traces: [],
      ...rest,
    });
    return { name: 'collector', ...collector };
  },
  async predictor({ runtime, ...rest }) {
    const { config, store, bus } = runtime;
    const predictor = await startPredictor({
      config,
      store,
      bus,
      modelDirectory: join(config.dataDir, 'models'),
      ...rest,
    });
    return { name: 'predictor', tick: predictor.tick, stop: async () => {} };
  },
  async actuator() {
    throw new Error('wired when it exists');
  },
};
