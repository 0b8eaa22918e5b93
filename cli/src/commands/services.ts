import { loadCompleteConfig } from '../runtime/complete-config.ts';
import { startProcess } from '../runtime/process.ts';
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
  const config = await loadCompleteConfig(flags.config, process.env);
  const running = await startProcess(config, services);
  await running.run(signal);
}
