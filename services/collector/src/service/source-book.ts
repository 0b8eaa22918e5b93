import type { Health } from '@forescale/shared/store';
import type { SourceHealth } from '@forescale/shared/wire';

const STALE_INTERVALS = 3;
const NAMES_MAX = 200;

/** What one reading of a source came to. */
export interface Reading {
  readonly accepted: number;
  readonly refused: number;
  readonly flagged: number;
  /** The newest time in it; null where it holds nothing. */
  readonly newestMs: number | null;
}

interface Entry {
  intervalMs: number;
  away: string | null;
  sinceMs: number;
  newestMs: number | null;
  lagMs: number | null;
  /** All of the last reading was refused. */
  refusing: boolean;
  samples: number;
  refused: number;
  flagged: number;
}

/** How each source is: whether it answers, when it was last heard of, and what came of what it said. */
export class SourceBook {
  readonly #entries = new Map<string, Entry>();

  /** A source that is asked is known before its first answer; one that sends, with its first message. */
  expect(name: string, intervalMs: number, nowMs: number): void {
    this.#entry(name, intervalMs, nowMs);
  }

  /** Whether it could be asked. */
  asked(name: string, health: Health, nowMs: number): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    if (health.ok && entry.away !== null) entry.sinceMs = nowMs;
    entry.away = health.ok ? null : health.reason;
  }

  read(name: string, intervalMs: number, reading: Reading, nowMs: number): void {
    const entry = this.#entry(name, intervalMs, nowMs);
    const { accepted, refused, flagged, newestMs } = reading;
    entry.samples += accepted;
    entry.refused += refused;
    entry.flagged += flagged;
    if (accepted + refused > 0) entry.refusing = accepted === 0;
    if (accepted === 0 || newestMs === null) return;
    entry.newestMs = Math.max(newestMs, entry.newestMs ?? newestMs);
    entry.lagMs = nowMs - newestMs;
    entry.sinceMs = nowMs;
  }

  /** Stale: nothing for three of its intervals, although it could be asked. */
  all(nowMs: number): SourceHealth[] {
    return [...this.#entries].map(([name, entry]) => {
      const { intervalMs, away, sinceMs, newestMs, lagMs, refusing, samples, refused, flagged } = entry;
      const isStale = nowMs - sinceMs > STALE_INTERVALS * intervalMs;
      const state = away !== null ? 'away' : refusing ? 'refusing' : isStale ? 'stale' : 'ok';
      return { name, state, reason: away, newestMs, lagMs, samples, refused, flagged };
    });
  }

  #entry(name: string, intervalMs: number, nowMs: number): Entry {
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    const made = {
      ...{ intervalMs, away: null, sinceMs: nowMs, newestMs: null, lagMs: null, refusing: false },
      ...{ samples: 0, refused: 0, flagged: 0 },
    };
    // Names are of the configuration, and a few more: the bound is there all the same.
    if (this.#entries.size < NAMES_MAX) this.#entries.set(name, made);
    return made;
  }
}
