/**
 * What is known about days before they come, as plain data that survives JSON and `postMessage`. Everything is in
 * order of time; spans are half-open, and within `holidays` and within `events` they do not overlap.
 */
export interface Calendar {
  /** From `fromMs` on the wall clock is `offsetMs` ahead of UTC; before the first of them it is UTC. */
  readonly offsets: readonly { readonly fromMs: number; readonly offsetMs: number }[];
  /** Days that pass like another day of the week, 0 = Sunday. */
  readonly holidays: readonly { readonly fromMs: number; readonly untilMs: number; readonly like: number }[];
  readonly events: readonly EventSpan[];
}

/** One occurrence of a dated event; those of one name are alike. */
export interface EventSpan {
  readonly name: string;
  readonly fromMs: number;
  readonly untilMs: number;
  /** How many times the ordinary load it brings, until it has been seen to; null: nobody knows. */
  readonly expectedFactor: number | null;
}

/** Days like any other, by UTC. */
export const PLAIN_CALENDAR: Calendar = { offsets: [], holidays: [], events: [] };
