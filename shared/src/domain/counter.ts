import type { SourceValue } from './combine.ts';

/**
 * Growth per second of counters, source by source, as Prometheus' `rate` sees it: from one sample to the next, said at
 * the later one. A counter that fell began again at 0 with its process: 70, 10 in a minute is 10 / 60 s; what it had
 * counted after the 70 is lost. Where it is not known when something was counted there is no rate: at the first sample
 * of a source, and after a silence of more than `staleMs`.
 */
export class CounterRates {
  readonly #staleMs: number;
  readonly #last = new Map<string, SourceValue>();

  constructor(staleMs: number) {
    this.#staleMs = staleMs;
  }

  /** The rates of these values, which must be in order of time; state goes on from call to call. */
  add(values: readonly SourceValue[]): SourceValue[] {
    const rates: SourceValue[] = [];
    for (const { source, timeMs, value } of values) {
      const last = this.#last.get(source);
      if (value < 0) continue;
      this.#last.set(source, { source, timeMs, value });
      // Of two values at one moment the later holds, as the one that the next growth is counted from.
      if (!last || timeMs === last.timeMs || timeMs - last.timeMs > this.#staleMs) continue;
      const growth = value < last.value ? value : value - last.value;
      rates.push({ source, timeMs, value: growth / ((timeMs - last.timeMs) / 1_000) });
    }
    const newestMs = values.at(-1)?.timeMs ?? Number.NEGATIVE_INFINITY;
    for (const [source, last] of this.#last) if (newestMs - last.timeMs > this.#staleMs) this.#last.delete(source);
    return rates;
  }
}
