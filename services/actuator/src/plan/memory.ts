import { z } from 'zod';

const MINUTE_MS = 60_000;
const MARK_MS_MIN = 5 * MINUTE_MS;
const MARK_MS_MAX = 30 * MINUTE_MS;
const MARK_FORGOTTEN_MS = 180 * MINUTE_MS;

const time = z.number();
const offeringMark = z.object({ untilMs: time, lastFailureMs: time, failures: z.number().int().min(1) });

/** The memory as JSON, for whoever keeps it over a restart. */
export const planMemorySchema = z.object({
  /** Grows with every plan. */
  generation: z.number().int().min(0),
  /** By node: since when the observed load could do without it. */
  unneededSinceMs: z.record(z.string(), time),
  lastScaleUpMs: time.nullable(),
  lastFailureMs: time.nullable(),
  /** Offerings that failed to deliver, by `offeringId`. */
  marks: z.record(z.string(), offeringMark),
});

/** What a plan has to know of the plans before it. Plain data. */
export type PlanMemory = Readonly<z.output<typeof planMemorySchema>>;

export const EMPTY_MEMORY: PlanMemory = {
  generation: 0,
  unneededSinceMs: {},
  lastScaleUpMs: null,
  lastFailureMs: null,
  marks: {},
};

/**
 * Remembers that an offering did not deliver: it is passed over for 5 min, twice as long after each further failure,
 * 30 min at most; three hours without one and the count starts anew.
 */
export function withFailure(memory: PlanMemory, offeringId: string, nowMs: number): PlanMemory {
  const before = memory.marks[offeringId];
  const recent = before && nowMs - before.lastFailureMs < MARK_FORGOTTEN_MS ? before : null;
  // Failures of one batch are one failure.
  const failures = recent === null ? 1 : recent.lastFailureMs === nowMs ? recent.failures : recent.failures + 1;
  const markMs = Math.min(MARK_MS_MAX, MARK_MS_MIN * 2 ** Math.min(failures - 1, 10));
  return {
    ...memory,
    lastFailureMs: nowMs,
    marks: { ...memory.marks, [offeringId]: { untilMs: nowMs + markMs, lastFailureMs: nowMs, failures } },
  };
}

/** The memory without marks that have been forgotten. */
export function withoutOldMarks(memory: PlanMemory, nowMs: number): PlanMemory {
  const marks = Object.entries(memory.marks);
  const kept = marks.filter(([, mark]) => nowMs - mark.lastFailureMs < MARK_FORGOTTEN_MS);
  return kept.length === marks.length ? memory : { ...memory, marks: Object.fromEntries(kept) };
}
