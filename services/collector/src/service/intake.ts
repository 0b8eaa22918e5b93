import type { Config } from '@forescale/shared/config';
import type { Sample } from '@forescale/shared/domain';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import { Quality } from '../quality/quality.ts';
import { type Refused, type Screened, screen } from '../sources/screen.ts';
import type { Measurement, Reading } from '../sources/source.ts';
import type { SourceBook } from './source-book.ts';
import { tallyOf } from './tally.ts';

/** Whoever sends nonsense does so a thousand times a second. */
const LINE_EVERY_MS = 10_000;

export interface IntakeParts {
  readonly config: Config;
  readonly book: SourceBook;
  readonly instruments: Pick<Instruments, 'samplesDropped' | 'samplesFlagged'>;
  readonly log: Log;
}

/** Where readings of every source come in: what is fit to be written goes on, the rest is counted and said. */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #pools: ReadonlySet<string>;
  readonly #quality: Quality;
  /** By source: when it was last spoken of, and what was refused since, with why the first of it was. */
  readonly #said = new Map<string, { atMs: number; refused: number; first: string }>();

  constructor(parts: IntakeParts) {
    const { pools } = parts.config;
    this.#parts = parts;
    this.#pools = new Set(pools.map((pool) => pool.name));
    this.#quality = new Quality(pools);
  }

  /**
   * The samples of a reading of `source` (its name in logs and metrics), and what of it is refused. `intervalMs` of a source
   * that is asked; null: it sends when it has something to say.
   */
  take(source: string, { measurements, refusals }: Reading, nowMs: number, intervalMs: number | null = null): Screened {
    const { samples, refused } = this.#assess(measurements, nowMs, intervalMs ?? 0);
    const { samplesDropped } = this.#parts.instruments;
    const count = refusals.length + refused.length;
    const refusal = refusals[0] ?? firstOf(measurements, refused);
    if (refusal !== null) {
      samplesDropped.add(count, { reason: 'refused', source });
      this.#say(source, count, refusal, nowMs);
    }
    const { newestMs, flags, flagged } = tallyOf(samples);
    this.#count(source, flags);
    const tally = { accepted: samples.length, refused: count, flagged, newestMs, refusal };
    this.#parts.book.read(source, intervalMs, tally, nowMs);
    return { samples, refused };
  }

  #assess(measurements: readonly Measurement[], nowMs: number, intervalMs: number): Screened {
    const { fit, refused: unfit } = screen(measurements, this.#pools, nowMs);
    const samples: Sample[] = [];
    const refused: Refused[] = [...unfit];
    for (const index of fit) {
      const assessed = this.#quality.assess(measurements[index] as Measurement, nowMs, intervalMs);
      if ('reason' in assessed) refused.push({ index, reason: assessed.reason });
      else samples.push(assessed);
    }
    return { samples, refused };
  }

  #count(source: string, flags: ReadonlyMap<string, number>): void {
    for (const [reason, count] of [...flags, ...Object.entries(this.#quality.takeCounts())])
      if (count > 0) this.#parts.instruments.samplesFlagged.add(count, { source, reason });
  }

  /** Says of each source what was refused since it was last spoken of, when that is long enough ago. */
  tell(nowMs: number): void {
    for (const [source, said] of this.#said) {
      if (said.refused === 0 || nowMs - said.atMs < LINE_EVERY_MS) continue;
      this.#parts.log.warn({ source, dropped: said.refused }, `${source}: refused: ${said.first}`);
      said.atMs = nowMs;
      said.refused = 0;
    }
  }

  #say(source: string, refused: number, first: string, nowMs: number): void {
    const said = this.#said.get(source) ?? { atMs: Number.NEGATIVE_INFINITY, refused: 0, first };
    this.#said.set(source, said);
    if (said.refused === 0) said.first = first;
    said.refused += refused;
    this.tell(nowMs);
  }
}

function firstOf(measurements: readonly Measurement[], [first]: readonly Refused[]): string | null {
  if (first === undefined) return null;
  const { pool, signal } = measurements[first.index] as Measurement;
  return `${pool}/${signal}: ${first.reason}`;
}
