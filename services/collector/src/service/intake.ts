import type { Config } from '@forescale/shared/config';
import type { Sample } from '@forescale/shared/domain';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import { Quality } from '../quality/quality.ts';
import { type Refused, type Screened, screen } from '../sources/screen.ts';
import type { Measurement, Reading } from '../sources/source.ts';
import type { SourceBook } from './source-book.ts';

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
  /** Of sources that send: they are as slow as the slowest signal. */
  readonly #intervalMs: number;
  /** By source: when it was last spoken of, and what was refused since, with why the first of it was. */
  readonly #said = new Map<string, { atMs: number; refused: number; first: string }>();

  constructor(parts: IntakeParts) {
    const { pools, clock } = parts.config;
    this.#parts = parts;
    this.#pools = new Set(pools.map((pool) => pool.name));
    this.#quality = new Quality(pools);
    const intervals = pools.flatMap((pool) => pool.signals.map((signal) => signal.intervalMs));
    this.#intervalMs = Math.max(clock.tickMs, ...intervals);
  }

  /** The samples of a reading of `source` (its name in logs and metrics), and what of it is refused. */
  take(source: string, { measurements, refusals }: Reading, nowMs: number, intervalMs = this.#intervalMs): Screened {
    const { samples, refused } = this.#assess(measurements, screen(measurements, this.#pools, nowMs));
    const { samplesDropped } = this.#parts.instruments;
    const count = refusals.length + refused.length;
    if (count > 0) {
      samplesDropped.add(count, { reason: 'refused', source });
      this.#say(source, count, refusals[0] ?? firstOf(measurements, refused), nowMs);
    }
    const flagged = this.#flag(source, samples);
    const newestMs = samples.reduce<number | null>((max, { timeMs }) => Math.max(timeMs, max ?? timeMs), null);
    this.#parts.book.read(source, intervalMs, { accepted: samples.length, refused: count, flagged, newestMs }, nowMs);
    return { samples, refused };
  }

  #assess(measurements: readonly Measurement[], { fit, refused: unfit }: ReturnType<typeof screen>): Screened {
    const samples: Sample[] = [];
    const refused: Refused[] = [...unfit];
    for (const index of fit) {
      const assessed = this.#quality.assess(measurements[index] as Measurement);
      if ('reason' in assessed) refused.push({ index, reason: assessed.reason });
      else samples.push(assessed);
    }
    return { samples, refused };
  }

  #flag(source: string, samples: readonly Sample[]): number {
    const counts = new Map<string, number>();
    const count = (reason: string, more: number) => counts.set(reason, (counts.get(reason) ?? 0) + more);
    for (const { flags } of samples) if (flags !== undefined) for (const flag of flags) count(flag, 1);
    const flagged = samples.reduce((sum, { flags }) => sum + (flags === undefined ? 0 : 1), 0);
    const duplicates = this.#quality.takeDuplicates();
    if (duplicates > 0) count('duplicate', duplicates);
    for (const [reason, more] of counts) this.#parts.instruments.samplesFlagged.add(more, { source, reason });
    return flagged;
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

function firstOf(measurements: readonly Measurement[], [first]: readonly Refused[]): string {
  const { pool, signal } = measurements[first?.index ?? 0] as Measurement;
  return `${pool}/${signal}: ${first?.reason}`;
}
