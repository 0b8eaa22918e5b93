import { BusUnavailableError, type Subscription } from '@forescale/shared/bus';
import type { Config } from '@forescale/shared/config';
import { type HttpServer, startHttp } from '@forescale/shared/http';
import { followTicks, Readiness, runTicks } from '@forescale/shared/service';
import {
  createLog,
  type Log,
  startTelemetry,
  type Telemetry,
  type TelemetryOptions,
} from '@forescale/shared/telemetry';
import { systemClock } from '@forescale/shared/time';
import { openRuntime, type Runtime } from './runtime.ts';
import { readToken } from './secrets.ts';
import { type RunningService, SERVICES, type ServiceName } from './services.ts';

const BUS_RETRY_MS = 500;
/** Where samples are sent to. */
const PUSH_PATHS = ['/v1/metrics', '/api/v1/kpi'];

/** One operating-system process: its services, its HTTP server, its telemetry. */
export interface ServiceProcess {
  readonly url: string;
  readonly runtime: Runtime;
  readonly services: readonly RunningService[];
  /** Runs the ticks until `signal` aborts, then stops everything. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Starts the named services in this process, in the order in which a tick runs through them. When one cannot start,
 * what was opened before is closed again: a connection left open would keep the process from ending.
 */
export async function startProcess(config: Config, names: readonly ServiceName[]): Promise<ServiceProcess> {
  const processName = names.length === 1 ? (names[0] as string) : 'forescale';
  const log = createLog(processName, config.telemetry.logLevel);
  announceModes(config, log);
  // Telemetry, whose packages take their time, loads while the servers are connected to.
  const starting = startTelemetry(`forescale-${processName}`, await telemetryOptions(config, log));
  const usesCluster = names.some((name) => name !== 'predictor');
  const runtime = await openRuntime(config, processName, log, usesCluster);
  const telemetry = await starting;
  const readiness = new Readiness();
  readiness.watch('bus', () => runtime.bus.health());
  readiness.watch('store', () => runtime.store.health());
  telemetry.instruments.ready.addCallback(async (ready) => ready.observe((await readiness.report()).ready ? 1 : 0));
  const services: RunningService[] = [];
  const close = async () => {
    for (const service of services.toReversed()) await service.stop();
    await runtime.close();
    await telemetry.stop();
  };
  try {
    for (const name of names) {
      const parts = { runtime, readiness, instruments: telemetry.instruments, log: log.child({ part: name }) };
      services.push(await SERVICES[name](parts));
    }
    const http = await serve(config, services, readiness, telemetry);
    log.info({ url: http.url, services: names }, 'listening');
    return {
      url: http.url,
      runtime,
      services,
      async run(signal) {
        await runUntil(runtime, services, log, signal);
        await http.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function telemetryOptions({ telemetry: { traces } }: Config, log: Log): Promise<TelemetryOptions> {
  const onTrouble = (text: string) => log.warn(`telemetry: ${text}`);
  if (traces === null) return { traces, onTrouble };
  const token = await readToken('autoscaler.telemetry.traces.token_file', traces.tokenFile);
  return { traces: { ...traces, token }, onTrouble };
}

/** Nobody should have to guess whether a pool is being changed. */
function announceModes(config: Config, log: Log): void {
  for (const pool of config.pools) {
    if (pool.mode === 'observe')
      log.warn({ pool: pool.name }, 'mode observe: nothing will be changed; what would be done is published');
    else log.info({ pool: pool.name, provider: pool.provider.kind }, 'mode enforce: nodes are created and removed');
  }
}

async function serve(
  config: Config,
  services: readonly RunningService[],
  readiness: Readiness,
  telemetry: Telemetry,
): Promise<HttpServer> {
  const token = await readToken('autoscaler.http.token_file', config.http.tokenFile);
  const pushToken = await readToken('autoscaler.http.push_token_file', config.http.pushTokenFile);
  return startHttp({
    ...config.http,
    token,
    narrow: pushToken === null ? null : { token: pushToken, paths: PUSH_PATHS },
    readiness,
    serveMetrics: telemetry.serveMetrics,
    routes: async (app) => {
      for (const service of services) await service.routes?.(app);
    },
  });
}

async function runUntil(
  runtime: Runtime,
  services: readonly RunningService[],
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { virtualClock, bus, clock, config } = runtime;
  if (!virtualClock) {
    await runTicks(clock, config.clock.tickMs, (nowMs) => tickAll(services, nowMs, log), log, signal);
    return;
  }
  const subscriptions: Subscription[] = [];
  for (const service of services) {
    const follow = () => followTicks(bus, service.name, virtualClock, service.tick, log);
    const subscription = await untilBusIsThere(follow, signal);
    if (subscription) subscriptions.push(subscription);
  }
  await aborted(signal);
  for (const subscription of subscriptions) await subscription.stop();
}

/** One after the other, so that a plan sees the samples and the forecast of its own minute; a failure stays with its service. */
async function tickAll(services: readonly RunningService[], nowMs: number, log: Log): Promise<void> {
  for (const service of services) {
    try {
      await service.tick(nowMs);
    } catch (error) {
      log.error({ err: error, part: service.name }, 'tick failed');
    }
  }
}

/** Tries again while the bus is away; null when `signal` aborts first. */
async function untilBusIsThere<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
  while (!signal.aborted) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof BusUnavailableError)) throw error;
      await systemClock.sleep(BUS_RETRY_MS, signal);
    }
  }
  return null;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
