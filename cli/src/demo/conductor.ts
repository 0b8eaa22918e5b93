import { type Bus, BusUnavailableError, NoResponderError } from '@forescale/shared/bus';
import { type Series, upperBound } from '@forescale/shared/domain';
import { requestTick } from '@forescale/shared/service';
import { systemClock } from '@forescale/shared/time';
import { decodeEvent, encodeKpi, sampleSchema, streams, subjects } from '@forescale/shared/wire';
import type { SimulatedCluster } from '@forescale/simulator/cluster';

/** The order of a minute's work: what is measured, then forecast, then decided. */
const SERVICES = ['collector', 'predictor', 'actuator'] as const;

/** Who measures the load: in the imported history and live, so that it is one source and not two. */
export const LOAD_SOURCE = '/demo/workload';

/** After this the same tick is asked for again: a service at work answers when it is done, a restarted one begins. */
const TICK_TIMEOUT_MS = 5_000;
/** How long a service may be away before the next try. */
const RETRY_MS = 200;
/** A KPI that is not back from the store by then is left to the collector's own redelivery. */
const ECHO_TIMEOUT_MS = 10_000;

export interface ConductorOptions {
  readonly bus: Bus;
  readonly cluster: SimulatedCluster;
  readonly pool: string;
  readonly signal: string;
  /** What the application measures of itself and publishes. */
  readonly load: Series;
  readonly signalToStop: AbortSignal;
}

/**
 * Drives a simulation: moves the cluster on by a minute, publishes the application's KPI as the application would, and
 * asks each service for its tick. Time stands still until all have answered.
 */
export class Conductor {
  readonly #options: ConductorOptions;
  readonly #waiting = new Map<number, () => void>();
  #sequence = 0;
  #nextSample: number;

  private constructor(options: ConductorOptions) {
    this.#options = options;
    this.#nextSample = upperBound(options.load.timesMs, options.cluster.nowMs());
  }

  static async start(options: ConductorOptions): Promise<Conductor> {
    const conductor = new Conductor(options);
    await options.bus.ensureStream(streams.kpi);
    await options.bus.subscribe(subjects.sample(options.pool, options.signal), ({ data }) => {
      const { timeMs } = decodeEvent(data, sampleSchema);
      conductor.#waiting.get(timeMs)?.();
    });
    return conductor;
  }

  /** One step to `nowMs`. Resolves when every service has done its work for it. */
  async step(nowMs: number): Promise<void> {
    this.#options.cluster.step(nowMs);
    await this.#publishUntil(nowMs);
    await this.tick(nowMs);
  }

  /** Asks the services for the tick of `nowMs` without moving the cluster. */
  async tick(nowMs: number): Promise<void> {
    const sequence = this.#sequence++;
    for (const service of SERVICES) await this.#untilAnswered(service, sequence, nowMs);
  }

  async #untilAnswered(service: string, sequence: number, nowMs: number): Promise<void> {
    const { bus, signalToStop } = this.#options;
    while (!signalToStop.aborted) {
      try {
        await requestTick(bus, service, sequence, nowMs, TICK_TIMEOUT_MS);
        return;
      } catch (error) {
        if (!(error instanceof NoResponderError || error instanceof BusUnavailableError)) throw error;
        await systemClock.sleep(RETRY_MS, signalToStop);
      }
    }
  }

  async #publishUntil(nowMs: number): Promise<void> {
    const { load } = this.#options;
    for (; (load.timesMs[this.#nextSample] ?? Number.POSITIVE_INFINITY) <= nowMs; this.#nextSample++) {
      await this.#publish(load.timesMs[this.#nextSample] as number, load.values[this.#nextSample] as number);
    }
  }

  /** Published, acknowledged, and seen again on the way back from the store. */
  async #publish(timeMs: number, value: number): Promise<void> {
    const { bus, pool, signal, signalToStop } = this.#options;
    const seen = new Promise<void>((resolve) => this.#waiting.set(timeMs, resolve));
    const id = `${signal}-${timeMs}`;
    await bus.publishDurable(subjects.kpi(pool, signal), encodeKpi({ id, source: LOAD_SOURCE, timeMs }, value, ''), id);
    const give = new AbortController();
    const either = AbortSignal.any([give.signal, signalToStop]);
    await Promise.race([seen, systemClock.sleep(ECHO_TIMEOUT_MS, either)]);
    give.abort();
    this.#waiting.delete(timeMs);
  }
}
