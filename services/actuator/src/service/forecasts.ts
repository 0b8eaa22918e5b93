import type { Bus } from '@forescale/shared/bus';
import type { PoolConfig } from '@forescale/shared/config';
import type { Forecast } from '@forescale/shared/domain';
import type { Health } from '@forescale/shared/store';
import { decodeEvent, forecastSchema, streams, subjects } from '@forescale/shared/wire';

interface Known {
  readonly bytes: Uint8Array;
  readonly forecast: Forecast;
}

/** The newest forecast of every signal of a pool; while the bus is away, those that were read before. */
export class Forecasts {
  readonly #pool: PoolConfig;
  readonly #bus: Bus;
  readonly #known = new Map<string, Known>();

  constructor(pool: PoolConfig, bus: Bus) {
    this.#pool = pool;
    this.#bus = bus;
  }

  async read(): Promise<{ readonly forecasts: Forecast[]; readonly bus: Health; readonly refused: string[] }> {
    let bus: Health = { ok: true };
    const refused: string[] = [];
    const forecasts = await Promise.all(
      this.#pool.signals.map(async ({ name }) => {
        try {
          const message = await this.#bus.last(streams.forecast.name, subjects.forecast(this.#pool.name, name));
          if (message) this.#take(name, message.data, refused);
        } catch (error) {
          bus = { ok: false, reason: error instanceof Error ? error.message : String(error) };
        }
        return this.#known.get(name)?.forecast ?? null;
      }),
    );
    return { forecasts: forecasts.filter((one) => one !== null), bus, refused };
  }

  /** Parsing takes longer than comparing: a message that was seen is not parsed again. */
  #take(signal: string, bytes: Uint8Array, refused: string[]): void {
    const known = this.#known.get(signal);
    if (known && Buffer.compare(known.bytes, bytes) === 0) return;
    try {
      this.#known.set(signal, { bytes, forecast: decodeEvent(bytes, forecastSchema) });
    } catch (error) {
      this.#known.delete(signal);
      refused.push(`forecast of ${signal}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
