import type { Log } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';
import { type ScalerServer, serveGrpc } from './grpc-server.ts';
import { KedaCalls } from './keda-calls.ts';
import { type LoadParts, Loads } from './loads.ts';

export interface ScalerParts extends LoadParts {
  /** For waiting: the machine's, unless a test moves it. */
  readonly ioClock: Clock;
  readonly log: Log;
}

export interface Scaler {
  /** Null: not configured. */
  readonly grpcPort: number | null;
  stop(): Promise<void>;
}

/** Serves the forecast to autoscalers of pods, by whichever ways are configured. Rejects with `ConfigError`. */
export async function startScaler(parts: ScalerParts): Promise<Scaler> {
  const { config, ioClock, log } = parts;
  const loads = new Loads(parts);
  const servers: ScalerServer[] = [];
  const stop = async () => {
    for (const server of servers) await server.close();
    await loads.stop();
  };
  try {
    const { grpc } = config.scaler;
    if (grpc !== null) {
      const server = await serveGrpc({ config: grpc, calls: new KedaCalls(config.pools, loads), ioClock, log });
      servers.push(server);
      log.info({ host: grpc.host, port: server.port, tls: grpc.tls !== null }, 'KEDA external scaler: listening');
    }
    return { grpcPort: servers[0]?.port ?? null, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
