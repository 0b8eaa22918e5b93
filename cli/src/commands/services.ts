import type { Config } from '@forescale/shared/config';
import { createLog } from '@forescale/shared/telemetry';
import { systemClock } from '@forescale/shared/time';
import { loadCompleteConfig } from '../runtime/complete-config.ts';
import { startProcess } from '../runtime/process.ts';
import { runReloading } from '../runtime/reloading.ts';
import type { ServiceName } from '../runtime/services.ts';

interface Flags {
  readonly config: string;
}

/** `forescale up`: the three services in one process. */
export async function up(flags: Flags, signal: AbortSignal): Promise<void> {
  await serve(flags, ['collector', 'predictor', 'actuator'], signal);
}

/** `forescale collector|predictor|actuator`. */
export async function one(service: ServiceName, flags: Flags, signal: AbortSignal): Promise<void> {
  await serve(flags, [service], signal);
}

async function serve(flags: Flags, services: readonly ServiceName[], signal: AbortSignal): Promise<void> {
  const load = () => loadCompleteConfig(flags.config, process.env);
  const config = await load();
  const start = async (one: Config) => {
    const started = await startProcess(one, services);
    return (until: AbortSignal) => started.run(until);
  };
  const log = createLog('forescale', config.telemetry.logLevel);
  await runReloading(config, { load, start, clock: systemClock, log }, signal);
}
