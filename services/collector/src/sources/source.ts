import type { Sample } from '@forescale/shared/domain';

/** What a source says that it measured, before anybody has looked at it. */
export interface Measurement extends Sample {
  /** Absent: the signal's own. */
  readonly unit?: string;
}

/** What one look at a source gave: what it measured, and in one line each why the rest is none. */
export interface Reading {
  readonly measurements: readonly Measurement[];
  readonly refusals: readonly string[];
}

/** A place that is asked for measurements at its own pace. */
export interface PulledSource {
  /** As logs, metrics and `/readyz` call it, such as "prometheus main"; no other has it. */
  readonly name: string;
  /** Asked at multiples of it; 0: at every tick. */
  readonly intervalMs: number;
  /** After which it counts as away, and `signal` aborts; null: it bounds its own calls. */
  readonly timeoutMs: number | null;
  /** What there is to say at `nowMs`, as often as it is asked. Rejects in one line where it cannot be asked. */
  read(nowMs: number, signal: AbortSignal): Promise<Reading>;
}
