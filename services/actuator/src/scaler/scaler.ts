import type { Log } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';
import { serveGrpc } from './grpc-server.ts';
import { KedaCalls } from './keda-calls.ts';
import { type LoadParts, Loads } from './loads.ts';
import { serveMetrics } from './metrics-server.ts';
import type { ScalerServer } from './scaler-server.ts';

export interface ScalerParts extends LoadParts {
  /** For waiting: the machine's, unless a test moves it. */
  readonly ioClock: Clock;
  readonly log: Log;
  /** What `scaler.external_metrics.token_file` holds; null without one. */
  readonly metricsToken: string | null;
}

export interface Scaler {
  /** Null: not configured. */
  readonly grpcPort: number | null;
  readonly metricsPort: number | null;
  stop(): Promise<void>;
}

/** Serves the forecast to autoscalers of pods, by whichever ways are configured. Rejects with `ConfigError`. */
export async function startScaler(parts: ScalerParts): Promise<Scaler> {
  const { config, clock, ioClock, log, metricsToken: token } = parts;
  const { pools } = config;
  const { grpc, externalMetrics } = config.scaler;
  const loads = new Loads(parts);
  const servers: ScalerServer[] = [];
  const stop = async () => {
    for (const server of servers) await server.close();
    await loads.stop();
  };
  const begin = async (what: string, { host }: { readonly host: string }, starting: Promise<ScalerServer>) => {
    const server = await starting;
    servers.push(server);
    log.info({ host, port: server.port }, `${what}: listening`);
    return server.port;
  };
  try {
    const grpcPort =
      grpc &&
      (await begin(
        'KEDA external scaler',
        grpc,
        serveGrpc({ config: grpc, calls: new KedaCalls(pools, loads), ioClock, log }),
      ));
    const metrics = externalMetrics && { config: externalMetrics, token, pools, loads, clock, log };
    const metricsPort = metrics && (await begin('external metrics', metrics.config, serveMetrics(metrics)));
    return { grpcPort, metricsPort, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
