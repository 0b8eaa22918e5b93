import type { Bus, BusMessage } from '@forescale/shared/bus';
import type { PoolConfig } from '@forescale/shared/config';
import type { Forecast } from '@forescale/shared/domain';
import type { Health } from '@forescale/shared/store';
import type { Traceparent } from '@forescale/shared/telemetry';
import { decodeEvent, forecastSchema, streams, subjects } from '@forescale/shared/wire';
import type { RejectedForecast } from '../plan/index.ts';

interface Known {
  readonly bytes: Uint8Array;
  readonly read: Forecast | RejectedForecast;
  /** In which it was made. */
  readonly traceparent: Traceparent | undefined;
}

/** What a refusal may take up in reasons and events. */
const WHY_LENGTH_MAX = 300;

/** The newest forecast of every signal of a pool; while the bus is away, those that were read before. */
export class Forecasts {
  readonly #pool: PoolConfig;
  readonly #bus: Bus;
  readonly #known = new Map<string, Known>();

  constructor(pool: PoolConfig, bus: Bus) {
    this.#pool = pool;
    this.#bus = bus;
  }

  async read(): Promise<{
    readonly forecasts: Forecast[];
    /** Messages that are no forecast of the signal, for as long as none follows that is. */
    readonly unread: RejectedForecast[];
    readonly bus: Health;
  }> {
    let bus: Health = { ok: true };
    const newest = await Promise.all(
      this.#pool.signals.map(async ({ name }) => {
        try {
          const message = await this.#bus.last(streams.forecast.name, subjects.forecast(this.#pool.name, name));
          if (message) this.#take(name, message);
        } catch (error) {
          bus = { ok: false, reason: error instanceof Error ? error.message : String(error) };
        }
        return this.#known.get(name)?.read ?? null;
      }),
    );
    return {
      forecasts: newest.filter((one): one is Forecast => one !== null && !isRejected(one)),
      unread: newest.filter((one): one is RejectedForecast => one !== null && isRejected(one)),
      bus,
    };
  }

  /** The span in which the newest forecast of a signal was made. */
  traceOf(signal: string): Traceparent | undefined {
    return this.#known.get(signal)?.traceparent;
  }

  /** Parsing takes longer than comparing: a message that was seen is not parsed again. */
  #take(signal: string, { data: bytes, traceparent }: BusMessage): void {
    const known = this.#known.get(signal);
    if (known && Buffer.compare(known.bytes, bytes) === 0) return;
    this.#known.set(signal, { bytes, read: this.#parse(signal, bytes), traceparent });
  }

  #parse(signal: string, bytes: Uint8Array): Forecast | RejectedForecast {
    try {
      const forecast = decodeEvent(bytes, forecastSchema);
      return forecast.signal === signal ? forecast : { signal, reason: `is for signal ${forecast.signal}` };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { signal, reason: `cannot be read: ${why.slice(0, WHY_LENGTH_MAX)}` };
    }
  }
}

function isRejected(read: Forecast | RejectedForecast): read is RejectedForecast {
  return 'reason' in read;
}
