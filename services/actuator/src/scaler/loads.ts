import type { Bus } from '@forescale/shared/bus';
import type { Config, PoolConfig } from '@forescale/shared/config';
import type { Store } from '@forescale/shared/store';
import type { Log } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';
import { Forecasts, Readings } from '../service/index.ts';
import type { LoadAsk } from './ask.ts';
import { type KnownSignal, type LoadAhead, loadAhead } from './load-ahead.ts';

/** Of all who ask within a second one has store and bus looked at. */
const FRESH_MS = 1_000;

export interface LoadParts {
  readonly config: Config;
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What the load of each signal will be, for whoever asks. Reads forecasts and samples where the services publish them,
 * by itself: nothing of it rests on a tick, or on leading.
 */
export class Loads {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #pools: ReadonlyMap<string, PoolLoads>;
  /** Signals whose forecast could not be used when last asked for. */
  readonly #without = new Set<string>();

  constructor({ config, store, bus, clock, log }: LoadParts) {
    this.#clock = clock;
    this.#log = log;
    this.#pools = new Map(config.pools.map((pool) => [pool.name, new PoolLoads(pool, store, bus)]));
  }

  /** Rejects with `UnknownLoadError`. */
  async ahead(ask: LoadAsk): Promise<LoadAhead> {
    const nowMs = this.#clock.nowMs();
    const known = await (this.#pools.get(ask.pool.name) as PoolLoads).known(nowMs);
    const load = loadAhead(ask, known(ask.signal.name), nowMs);
    this.#say(ask, load);
    return load;
  }

  async stop(): Promise<void> {
    for (const pool of this.#pools.values()) await pool.stop();
  }

  /** Once when it begins, and once when it ends. */
  #say(ask: LoadAsk, { without }: LoadAhead): void {
    const names = { pool: ask.pool.name, signal: ask.signal.name };
    const key = `${names.pool}/${names.signal}`;
    if (without !== null && !this.#without.has(key)) {
      this.#without.add(key);
      this.#log.warn(names, `pods are scaled on the observed load: the forecast ${without}`);
    } else if (without === null && this.#without.delete(key)) {
      this.#log.info(names, 'pods are scaled on the forecast again');
    }
  }
}

type Known = (signal: string) => KnownSignal;

class PoolLoads {
  readonly #forecasts: Forecasts;
  readonly #readings: Readings;
  #last: { readonly atMs: number; readonly known: Promise<Known> } | null = null;

  constructor(pool: PoolConfig, store: Store, bus: Bus) {
    this.#forecasts = new Forecasts(pool, bus);
    this.#readings = new Readings(pool, store, bus);
  }

  known(nowMs: number): Promise<Known> {
    const sinceMs = this.#last === null ? Number.POSITIVE_INFINITY : nowMs - this.#last.atMs;
    if (this.#last !== null && sinceMs >= 0 && sinceMs < FRESH_MS) return this.#last.known;
    this.#last = { atMs: nowMs, known: this.#read(nowMs) };
    return this.#last.known;
  }

  stop(): Promise<void> {
    return this.#readings.stop();
  }

  /** While bus or store are away each gives what it still knows. */
  async #read(nowMs: number): Promise<Known> {
    const [{ forecasts, unread }, { readings }] = await Promise.all([
      this.#forecasts.read(),
      this.#readings.read(nowMs),
    ]);
    return (signal) => ({
      forecast: forecasts.find((one) => one.signal === signal) ?? null,
      unread: unread.find((one) => one.signal === signal) ?? null,
      reading: readings.find((one) => one.signal === signal) ?? null,
    });
  }
}
