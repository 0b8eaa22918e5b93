import { connect, type JetStreamClient, type NatsConnection } from 'nats';

/** An application and its operator: a plain NATS client and plain HTTP, nothing of Forescale's own. */
export class OutsideClient {
  /** Every message on `forescale.v1.>` but ticks, newest last, by subject. */
  readonly received = new Map<string, Uint8Array[]>();
  readonly #connection: NatsConnection;
  readonly #jetStream: JetStreamClient;
  readonly #influxUrl: string;

  private constructor(connection: NatsConnection, influxUrl: string) {
    this.#connection = connection;
    this.#jetStream = connection.jetstream({ timeout: 2_000 });
    this.#influxUrl = influxUrl;
    void this.#listen();
  }

  static async connect(natsUrl: string, influxUrl: string): Promise<OutsideClient> {
    const servers = new URL(natsUrl).host;
    const connection = await connect({ servers, name: 'shop', maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    return new OutsideClient(connection, influxUrl);
  }

  /** Publishes one measurement; resolves when JetStream has acknowledged it. */
  async publishKpi(timeMs: number, value: number, signal = 'load'): Promise<void> {
    const data = JSON.stringify({ value, unit: 'req/s', time: new Date(timeMs).toISOString() });
    await this.#jetStream.publish(`forescale.v1.kpi.web.${signal}`, data);
  }

  /** The newest message of a subject; undefined when there was none. */
  last(subject: string): Uint8Array | undefined {
    return this.received.get(subject)?.at(-1);
  }

  /** The columns of the only series that InfluxDB answers with; none when it has nothing. */
  async influx(query: string): Promise<(number | string | null)[][]> {
    const body = new URLSearchParams({ db: 'forescale', epoch: 'ms', q: query });
    const response = await fetch(`${this.#influxUrl}/query`, { method: 'POST', body });
    const answer = (await response.json()) as {
      readonly results?: readonly { readonly series?: readonly { readonly values: (number | string | null)[][] }[] }[];
      readonly error?: string;
    };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.results?.[0]?.series?.[0]?.values ?? [];
  }

  /** Times of all samples of a signal in InfluxDB. */
  async storedTimes(signal = 'load'): Promise<number[]> {
    const rows = await this.influx(`SELECT value FROM kpi WHERE pool = 'web' AND signal = '${signal}'`);
    return rows.map(([timeMs]) => Number(timeMs));
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #listen(): Promise<void> {
    for await (const { subject, data } of this.#connection.subscribe('forescale.v1.>')) {
      if (subject.startsWith('forescale.v1.clock.')) continue;
      this.received.set(subject, [...(this.received.get(subject) ?? []).slice(-999), data]);
    }
  }
}
