import type { Config } from '@forescale/shared/config';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import { type Screened, screen } from '../sources/screen.ts';
import type { Measurement, Reading } from '../sources/source.ts';

/** Whoever sends nonsense does so a thousand times a second. */
const LINE_EVERY_MS = 10_000;

/** Where readings of every source come in: what is fit to be written goes on, the rest is counted and said. */
export class Intake {
  readonly #pools: ReadonlySet<string>;
  readonly #instruments: Instruments;
  readonly #log: Log;
  /** By source: when it was last spoken of, and what was refused since. */
  readonly #said = new Map<string, { atMs: number; refused: number }>();

  constructor({ pools }: Config, instruments: Instruments, log: Log) {
    this.#pools = new Set(pools.map((pool) => pool.name));
    this.#instruments = instruments;
    this.#log = log;
  }

  /** The samples of a reading of `source` (its name in logs and metrics), and what of it is refused. */
  take(source: string, { measurements, refusals }: Reading, nowMs: number): Screened {
    const screened = screen(measurements, this.#pools, nowMs);
    const refused = refusals.length + screened.refused.length;
    if (refused > 0) {
      this.#instruments.samplesDropped.add(refused, { reason: 'refused', source });
      this.#say(source, refused, refusals[0] ?? firstOf(measurements, screened), nowMs);
    }
    return screened;
  }

  #say(source: string, refused: number, first: string, nowMs: number): void {
    const said = this.#said.get(source) ?? { atMs: Number.NEGATIVE_INFINITY, refused: 0 };
    this.#said.set(source, said);
    said.refused += refused;
    if (nowMs - said.atMs < LINE_EVERY_MS) return;
    this.#log.warn({ source, dropped: said.refused }, `${source}: refused: ${first}`);
    said.atMs = nowMs;
    said.refused = 0;
  }
}

function firstOf(measurements: readonly Measurement[], { refused: [first] }: Screened): string {
  const { pool, signal } = measurements[first?.index ?? 0] as Measurement;
  return `${pool}/${signal}: ${first?.reason}`;
}
