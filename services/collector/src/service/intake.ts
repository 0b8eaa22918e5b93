import type { Config } from '@forescale/shared/config';
import type { Sample } from '@forescale/shared/domain';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import { screen } from '../sources/screen.ts';
import type { Reading } from '../sources/source.ts';

/** Where readings of every source come in: what is fit to be written goes on, the rest is counted and said. */
export class Intake {
  readonly #pools: ReadonlySet<string>;
  readonly #instruments: Instruments;
  readonly #log: Log;

  constructor({ pools }: Config, instruments: Instruments, log: Log) {
    this.#pools = new Set(pools.map((pool) => pool.name));
    this.#instruments = instruments;
    this.#log = log;
  }

  /** The samples of a reading of `source` (its name in logs and metrics). */
  take(source: string, reading: Reading, nowMs: number): readonly Sample[] {
    const { samples, refusals } = screen(reading, this.#pools, nowMs);
    if (refusals.length > 0) {
      this.#instruments.samplesDropped.add(refusals.length, { reason: 'refused' });
      // One line a reading: whoever sends nonsense does so a thousand times a second.
      this.#log.warn({ source, dropped: refusals.length }, `${source}: refused: ${refusals[0]}`);
    }
    return samples;
  }
}
