import { isDeepStrictEqual } from 'node:util';
import type { Config } from '@forescale/shared/config';
import type { Log } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';

/** A mounted ConfigMap changes a minute after it was applied: looking more often would find nothing sooner. */
export const LOOK_EVERY_MS = 10_000;

export interface ReloadingParts {
  /** Reads the configuration as at the start. */
  readonly load: () => Promise<Config>;
  /** Starts everything; what it resolves to runs until its signal aborts, and has stopped everything then. */
  readonly start: (config: Config) => Promise<(signal: AbortSignal) => Promise<void>>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Runs what a configuration describes until `signal` aborts, and starts it anew when the configuration has changed. One that
 * is wrong is told once and changes nothing; one that cannot be started is left for the last that could. Rejects where the first
 * cannot be started.
 */
export async function runReloading(first: Config, parts: ReloadingParts, signal: AbortSignal): Promise<void> {
  const { start, log } = parts;
  let config = first;
  let refused = first;
  let run = await start(config);
  while (!signal.aborted) {
    const stop = new AbortController();
    const running = run(AbortSignal.any([signal, stop.signal]));
    const changed = await Promise.race([nextConfig([config, refused], parts, signal), running.then(() => null)]);
    stop.abort();
    await running;
    if (changed === null) return;
    log.info('the configuration has changed: everything is started anew with it');
    try {
      run = await start(changed);
      config = changed;
    } catch (error) {
      log.error({ err: error }, 'the new configuration cannot be started: the last one goes on');
      refused = changed;
      run = await start(config);
    }
  }
}

/** The next valid configuration that is none of the known ones; null when `signal` aborts first. */
async function nextConfig(
  known: readonly Config[],
  { load, clock, log }: ReloadingParts,
  signal: AbortSignal,
): Promise<Config | null> {
  let told = '';
  for (;;) {
    await clock.sleep(LOOK_EVERY_MS, signal);
    if (signal.aborted) return null;
    try {
      const found = await load();
      told = '';
      if (!known.some((one) => isDeepStrictEqual(one, found))) return found;
    } catch (error) {
      const { message } = error as Error;
      if (message !== told) log.error(`the configuration is not valid any more, the last one goes on: ${message}`);
      told = message;
    }
  }
}
