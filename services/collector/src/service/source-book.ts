import type { Config } from '@forescale/shared/config';
import type { Health } from '@forescale/shared/store';
import { formatDuration } from '@forescale/shared/time';
import type { SourceHealth } from '@forescale/shared/wire';
import type { Tally } from './tally.ts';

const STALE_INTERVALS = 3;
const NAMES_MAX = 200;

interface Entry {
  /** Null: nobody asks it. */
  readonly intervalMs: number | null;
  away: string | null;
  /** When it was first heard or asked for, came back, or last said something that could be taken. */
  sinceMs: number;
  lagMs: number | null;
  /** Of each signal of the configuration that it has ever had something of, and of all others together. */
  readonly newestMs: Map<string, number>;
  acceptedMs: number | null;
  refusal: { readonly atMs: number; readonly reason: string } | null;
  samples: number;
  refused: number;
  flagged: number;
}

/** Of signals that nobody forecasts, whatever they are called. */
const OTHERS = '';

/** How each source is: whether it answers, when it was last heard of, and what came of what it said. */
export class SourceBook {
  /** By "pool/signal". */
  readonly #intervalsMs: ReadonlyMap<string, number>;
  /** Of sources that send: they are as slow as the slowest signal. */
  readonly #slowestMs: number;
  readonly #entries = new Map<string, Entry>();

  constructor({ pools, clock }: Pick<Config, 'pools' | 'clock'>) {
    this.#intervalsMs = new Map(
      pools.flatMap((pool) => pool.signals.map(({ name, intervalMs }) => [`${pool.name}/${name}`, intervalMs])),
    );
    this.#slowestMs = Math.max(clock.tickMs, ...this.#intervalsMs.values());
  }

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

  /** `intervalMs` null: it sends when it has something to say. */
  read(name: string, intervalMs: number | null, tally: Tally, nowMs: number): void {
    const entry = this.#entry(name, intervalMs, nowMs);
    const { accepted, refused, flagged, newestMs, refusal } = tally;
    entry.samples += accepted;
    entry.refused += refused;
    entry.flagged += flagged;
    if (refusal !== null) entry.refusal = { atMs: nowMs, reason: refusal };
    if (accepted === 0) return;
    entry.acceptedMs = nowMs;
    entry.sinceMs = nowMs;
    entry.lagMs = nowMs - Math.max(...newestMs.values());
    for (const [signal, timeMs] of newestMs) {
      const key = this.#intervalsMs.has(signal) ? signal : OTHERS;
      entry.newestMs.set(key, Math.max(timeMs, entry.newestMs.get(key) ?? timeMs));
    }
  }

  all(nowMs: number): SourceHealth[] {
    return [...this.#entries].map(([name, entry]) => {
      const { lagMs, newestMs, samples, refused, flagged } = entry;
      const newest = newestMs.size === 0 ? null : Math.max(...newestMs.values());
      return { name, ...this.#stateOf(entry, nowMs), newestMs: newest, lagMs, samples, refused, flagged };
    });
  }

  #stateOf(entry: Entry, nowMs: number): Pick<SourceHealth, 'state' | 'reason'> {
    const { away, refusal, acceptedMs, sinceMs } = entry;
    const intervalMs = entry.intervalMs ?? this.#slowestMs;
    if (away !== null) return { state: 'away', reason: away };
    // One bad message among good ones is counted, and makes no source a bad one.
    if (refusal !== null && (acceptedMs === null || refusal.atMs - acceptedMs >= intervalMs))
      return { state: 'refusing', reason: refusal.reason };
    const reason = this.#behind(entry, nowMs);
    const isSilent = nowMs - sinceMs > STALE_INTERVALS * intervalMs;
    return { state: isSilent || reason !== null ? 'stale' : 'ok', reason };
  }

  /** Signals of which it has said nothing for three of their intervals, although it says something of others, or nothing new. */
  #behind({ intervalMs, newestMs }: Entry, nowMs: number): string | null {
    const behind = [...newestMs].filter(([signal, timeMs]) => {
      const ownMs = this.#intervalsMs.get(signal);
      return ownMs !== undefined && nowMs - timeMs > STALE_INTERVALS * Math.max(ownMs, intervalMs ?? 0);
    });
    const [oldest, ...others] = behind.sort(([, a], [, b]) => a - b);
    if (oldest === undefined) return null;
    const [signal, timeMs] = oldest;
    const age = formatDuration(Math.floor((nowMs - timeMs) / 1_000) * 1_000);
    return `${signal}: the newest is ${age} old${others.length === 0 ? '' : `; so of ${others.length} more`}`;
  }

  #entry(name: string, intervalMs: number | null, nowMs: number): Entry {
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    const made = {
      ...{ intervalMs, away: null, sinceMs: nowMs, lagMs: null, newestMs: new Map(), acceptedMs: null },
      ...{ refusal: null, samples: 0, refused: 0, flagged: 0 },
    };
    // Names are of the configuration, and a few more: the bound is there all the same.
    if (this.#entries.size < NAMES_MAX) this.#entries.set(name, made);
    return made;
  }
}
