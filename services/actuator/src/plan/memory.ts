import { z } from 'zod';

const MINUTE_MS = 60_000;
const MARK_MS_MIN = 5 * MINUTE_MS;
const MARK_MS_MAX = 30 * MINUTE_MS;
const MARK_FORGOTTEN_MS = 180 * MINUTE_MS;

/** Of a refused creation, where the provider knows no better: machines come back on the market sooner than a quota is raised. */
export const REFUSED_MARK_MS = 3 * MINUTE_MS;

const TIMED_OUT_MAX = 100;

/** A replacement that came to nothing is not begun again for so long. */
const NOT_REPLACED_MS = 360 * MINUTE_MS;

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
  /** When machines were requested that were given up since, by request. */
  timedOutMs: z.record(z.string(), time).default({}),
  /** When nodes were let go as not needed; of the last half hour. */
  leftMs: z.array(time).default([]),
  /** When a plan last did anything but replace. */
  changedMs: time.nullable().default(null),
  /** Nodes that are to leave once what takes their place is Ready. */
  replacing: z
    .object({ nodes: z.array(z.string()), sinceMs: time })
    .nullable()
    .default(null),
  /** By node: when its replacement was given up. */
  notReplacedMs: z.record(z.string(), time).default({}),
  /** By node at risk: when its replacement was ordered ahead. */
  preProvisionedMs: z.record(z.string(), time).default({}),
  /** Nodes that placeholders fill the pool up to; since when fewer would do, and how many at most since then. */
  headroom: z
    .object({ nodes: z.number().min(0), lowerTo: z.number().min(0), lowerSinceMs: time.nullable() })
    .nullable()
    .default(null),
});

/** What a plan has to know of the plans before it. Plain data. */
export type PlanMemory = Readonly<z.output<typeof planMemorySchema>>;

export const EMPTY_MEMORY: PlanMemory = {
  generation: 0,
  unneededSinceMs: {},
  lastScaleUpMs: null,
  lastFailureMs: null,
  marks: {},
  timedOutMs: {},
  leftMs: [],
  changedMs: null,
  replacing: null,
  notReplacedMs: {},
  preProvisionedMs: {},
  headroom: null,
};

/**
 * Remembers that an offering did not deliver: it is passed over for 5 min, twice as long after each further failure,
 * 30 min at most; three hours without one and the count starts anew.
 */
export function withFailure(memory: PlanMemory, offeringId: string, nowMs: number): PlanMemory {
  return withFailures(memory, [offeringId], nowMs, null);
}

/** The same of several at once, which are passed over for `markMs`, or what is left of a longer mark; null: as above. */
export function withFailures(
  memory: PlanMemory,
  offeringIds: readonly string[],
  nowMs: number,
  markMs: number | null,
): PlanMemory {
  const marks = { ...memory.marks };
  for (const id of offeringIds) {
    const before = marks[id];
    const recent = before && nowMs - before.lastFailureMs < MARK_FORGOTTEN_MS ? before : null;
    // Failures of one batch are one failure.
    const failures = recent === null ? 1 : recent.lastFailureMs === nowMs ? recent.failures : recent.failures + 1;
    const backoffMs = Math.min(MARK_MS_MAX, MARK_MS_MIN * 2 ** Math.min(failures - 1, 10));
    // A last resort that has failed again, and one that failed otherwise, is marked for no less than before.
    const untilMs = Math.max(before?.untilMs ?? 0, nowMs + (markMs ?? backoffMs));
    marks[id] = { untilMs, lastFailureMs: nowMs, failures };
  }
  return { ...memory, lastFailureMs: nowMs, marks };
}

/**
 * An offering that has delivered since it failed is free again: of those that a cloud refuses now and then, else few would
 * ever be. `deliveredMs`: by offering, when the youngest of its Ready nodes was requested; one that was requested together
 * with those that failed says nothing.
 */
export function withoutServedMarks(memory: PlanMemory, deliveredMs: ReadonlyMap<string, number>): PlanMemory {
  const marks = Object.entries(memory.marks);
  const kept = marks.filter(([id, mark]) => (deliveredMs.get(id) ?? Number.NEGATIVE_INFINITY) <= mark.lastFailureMs);
  return kept.length === marks.length ? memory : { ...memory, marks: Object.fromEntries(kept) };
}

/** Remembers machines that never came, the last `TIMED_OUT_MAX` of them and for three hours. */
export function withTimedOut(
  memory: PlanMemory,
  machines: readonly { readonly requestId: string; readonly requestedMs: number }[],
  nowMs: number,
): PlanMemory {
  const known = Object.entries(memory.timedOutMs).filter(([, ms]) => nowMs - ms < MARK_FORGOTTEN_MS);
  if (machines.length === 0 && known.length === Object.keys(memory.timedOutMs).length) return memory;
  const all = new Map([...known, ...machines.map((one) => [one.requestId, one.requestedMs] as const)]);
  return { ...memory, timedOutMs: Object.fromEntries([...all].slice(-TIMED_OUT_MAX)) };
}

/** The memory without marks that are over and have been forgotten. */
export function withoutOldMarks(memory: PlanMemory, nowMs: number): PlanMemory {
  const marks = Object.entries(memory.marks);
  const kept = marks.filter(([, mark]) => nowMs - mark.lastFailureMs < MARK_FORGOTTEN_MS || nowMs < mark.untilMs);
  return kept.length === marks.length ? memory : { ...memory, marks: Object.fromEntries(kept) };
}

/** Remembers of which nodes the replacement was given up just now, and forgets those of six hours ago. */
export function withNotReplaced(memory: PlanMemory, nodeNames: readonly string[], nowMs: number): PlanMemory {
  const before = Object.entries(memory.notReplacedMs);
  const known = before.filter(([, ms]) => nowMs - ms < NOT_REPLACED_MS);
  if (nodeNames.length === 0 && known.length === before.length) return memory;
  return { ...memory, notReplacedMs: Object.fromEntries([...known, ...nodeNames.map((name) => [name, nowMs])]) };
}
