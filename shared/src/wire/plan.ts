import { z } from 'zod';
import { moment, rfc3339, WireError } from './events.ts';

const nodes = z.number().int().min(0).max(1_000_000);

/** The data of `forescale.v1.plan.<pool>`: what the actuator decided, and why. Times are RFC 3339, money is USD. */
export const planSchema = z.object({
  pool: z.string().max(63),
  time: moment,
  mode: z.enum(['observe', 'enforce']),
  /** Grows with every plan; a stale executor is recognised by it. */
  generation: z.number().int().min(0),
  need: nodes,
  floor: nodes,
  floor_from: z.string().max(200),
  ceiling: nodes,
  ceiling_from: z.string().max(200),
  desired: nodes,
  ready: nodes,
  starting: nodes,
  draining: nodes,
  usd_per_hour: z.number().min(0),
  /** The least reliable of the prices that it rests on; absent in plans of before it was told. */
  prices: z
    .object({
      source: z.enum(['configured', 'static', 'live', 'unknown']),
      as_of: z.string().max(40).nullable(),
      estimate: z.boolean(),
    })
    .optional(),
  /** From order to Ready, for which the plan orders; absent in plans of before it was told. */
  lead_time: z.object({ seconds: z.number().min(0), why: z.string().max(500) }).optional(),
  /** What a node is taken to carry of each signal, in its unit, and where that is from; null: not known, and ignored. */
  capacities: z
    .array(
      z.object({
        signal: z.string().max(63),
        per_node: z.number().positive().nullable(),
        from: z.enum(['declared', 'learned', 'unknown']),
        why: z.string().max(500),
      }),
    )
    .max(100)
    .optional(),
  /** What each source asks for, in nodes; the largest is `need`. */
  needs: z.array(z.object({ source: z.string().max(128), nodes, why: z.string().max(500) })).max(100),
  /** Every decision and every hold, in words. `code` is stable, `text` is for people. */
  reasons: z.array(z.object({ code: z.string().max(63), text: z.string().max(1_000) })).max(200),
  /** What is done; in mode `observe` what would be. */
  actions: z
    .array(z.object({ kind: z.string().max(32), target: z.string().max(253), count: nodes, why: z.string().max(500) }))
    .max(10_000),
});

/** `planSchema` before parsing: what a publisher writes. */
export type PlanData = z.input<typeof planSchema>;

/** A node's life: asked for, its machine made, its Node there, that Ready, the first pod of a workload running on it, … */
export const NODE_EVENTS = [
  'requested',
  'launched',
  'registered',
  'ready',
  'useful',
  'failed',
  'draining',
  'removed',
  'interrupted',
] as const;

/** The data of `forescale.v1.node.<pool>.<event>`. */
export const nodeEventSchema = z.object({
  pool: z.string().max(63),
  event: z.enum(NODE_EVENTS),
  time: moment,
  node: z.string().max(253),
  machine: z.string().max(253).nullable(),
  provider: z.string().max(63),
  zone: z.string().max(63),
  instance_type: z.string().max(63),
  capacity_type: z.enum(['on_demand', 'spot']),
  /** Since the request for launched, registered, ready and useful; since the drain began, or the removal, for removed. */
  seconds: z.number().min(0).nullable(),
  why: z.string().max(1_000),
});

export type NodeEventData = z.input<typeof nodeEventSchema>;

/** An override is for a while; what is meant for good belongs into the configuration. */
export const OVERRIDE_DAYS_MAX = 31;

/** Throws `WireError` where an override is to end in the past or too far away. */
export function checkOverrideEnd(untilMs: number, nowMs: number): void {
  if (untilMs <= nowMs) throw new WireError(`until = ${rfc3339(untilMs)}: allowed: a time to come`);
  if (untilMs > nowMs + OVERRIDE_DAYS_MAX * 86_400_000)
    throw new WireError(`until = ${rfc3339(untilMs)}: allowed: at most ${OVERRIDE_DAYS_MAX} days ahead`);
}

function words(charsMax: number) {
  const error = `allowed: 1 to ${charsMax} characters`;
  return z.string().min(1, { error }).max(charsMax, { error });
}

const boundSchema = z.number().int().min(0).max(10_000).nullable().optional();

/**
 * A request on `forescale.v1.override.<pool>`. Pause and bounds are two things, and a request changes what it names:
 * - `pause`: true pauses the pool until `until`, false ends a pause.
 * - `min`, `max`: the bounds until `until`, as a pair: what is left out is not overridden; null for both ends it.
 */
export const overrideSchema = z
  .strictObject({
    min: boundSchema,
    max: boundSchema,
    pause: z.boolean().optional(),
    until: moment.optional(),
    by: words(128),
    why: words(500),
  })
  .superRefine((raw, context) => {
    const namesBounds = raw.min !== undefined || raw.max !== undefined;
    const begins = raw.pause === true || typeof raw.min === 'number' || typeof raw.max === 'number';
    const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
    if (!namesBounds && raw.pause === undefined) refuse('pause', 'allowed: at least one of pause, min and max');
    if (begins && raw.until === undefined) refuse('until', 'allowed: an RFC 3339 time, from 1970 on');
    if (typeof raw.min === 'number' && typeof raw.max === 'number' && raw.min > raw.max)
      refuse('min', `allowed: at most max, which is ${raw.max}`);
  });
