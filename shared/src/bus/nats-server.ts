import { NatsLink, type NatsOptions } from './nats-link.ts';

/** What a NATS server says about itself. */
export interface NatsServer {
  readonly version: string;
  /** Without it nothing is kept. */
  readonly jetStream: boolean;
}

/** Connects once, with the credentials given, asks, and leaves. Rejects with `BusUnavailableError`. */
export async function readNatsServer(options: NatsOptions): Promise<NatsServer> {
  const link = await NatsLink.open(options);
  try {
    const { info } = link.session.connection;
    return { version: info?.version ?? 'unknown', jetStream: info?.jetstream === true };
  } finally {
    await link.close();
  }
}
