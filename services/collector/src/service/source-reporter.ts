import { hostname } from 'node:os';
import { type Bus, BusUnavailableError } from '@forescale/shared/bus';
import type { Readiness } from '@forescale/shared/service';
import type { Instruments } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';
import { describeSource, encodeSources, subjects } from '@forescale/shared/wire';
import type { SourceBook } from './source-book.ts';

export interface ReporterParts {
  readonly book: SourceBook;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly readiness: Readiness;
  readonly instruments: Pick<Instruments, 'sourceUp' | 'sourceAge' | 'sourceLag'>;
}

/** Tells how the sources are: `/readyz`, the metrics, and whoever listens on the bus, such as the page. */
export class SourceReporter {
  readonly #parts: ReporterParts;
  /** As a token of a subject. */
  readonly #collector =
    hostname()
      .toLowerCase()
      .replace(/[^a-z0-9-]/g, '-')
      .slice(0, 63) || 'collector';

  constructor(parts: ReporterParts) {
    this.#parts = parts;
    const { book, clock, readiness } = parts;
    // A source that is away makes the collector no less ready to take what others send.
    readiness.tell('sources', () => book.all(clock.nowMs()).map(describeSource));
  }

  async report(nowMs: number): Promise<void> {
    const { book, bus, instruments } = this.#parts;
    const sources = book.all(nowMs);
    for (const { name: source, state, newestMs, lagMs } of sources) {
      instruments.sourceUp.record(state === 'ok' ? 1 : 0, { source });
      if (newestMs !== null) instruments.sourceAge.record((nowMs - newestMs) / 1_000, { source });
      if (lagMs !== null) instruments.sourceLag.record(lagMs / 1_000, { source });
    }
    const origin = { id: `${this.#collector}.${nowMs}`, source: '/forescale/collector', timeMs: nowMs };
    try {
      await bus.publish(subjects.sources(this.#collector), encodeSources(origin, this.#collector, sources));
    } catch (error) {
      // Said anew with the next tick, and of no use later.
      if (!(error instanceof BusUnavailableError)) throw error;
    }
  }
}
