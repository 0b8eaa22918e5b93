import { z } from 'zod';
import {
  choice,
  DAYS,
  date,
  duration,
  flag,
  integer,
  list,
  number,
  policyName,
  section,
  text,
  zone,
} from './issues.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const TIME_RANGE = 'a range such as "09:00-17:00" (24 h clock, may cross midnight)';

/** A range of the wall clock, in minutes after midnight. Half-open; across midnight when `end <= start`. */
const timeRange = text(/^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/, TIME_RANGE).transform((value) => {
  const [start, end] = value.split('-').map((clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))) as [
    number,
    number,
  ];
  return { startMinute: start, endMinute: end % 1440 };
});

/**
 * Spot machines: at most `share` of the nodes above `on_demand_base` nodes, which are always on demand; and no more than
 * that of all nodes a share of `risk_max` is expected to be taken back in a month. `return_after`: after so long without
 * a failure of spot, on-demand machines that stood in for it are replaced. `rebalance`: machines that the cloud thinks at
 * risk are replaced ahead.
 */
export const spotSchema = section({
  share: number(0, 1).default(0),
  on_demand_base: integer(0, 10_000).default(0),
  risk_max: number(0, 1).default(1),
  return_after: duration(MINUTE_MS, 30 * DAY_MS, 'from 1m to 30d').default(30 * MINUTE_MS),
  rebalance: flag.default(false),
}).transform((raw) => ({
  share: raw.share,
  onDemandBase: raw.on_demand_base,
  riskMax: raw.risk_max,
  returnAfterMs: raw.return_after,
  rebalance: raw.rebalance,
}));

const boundsShape = {
  min_nodes: integer(0, 10_000),
  max_nodes: integer(0, 10_000),
  usd_per_hour_max: number(0, 1_000_000),
};

function refuseMinAboveMax(
  raw: { readonly min_nodes?: number | undefined; readonly max_nodes?: number | undefined },
  context: z.core.$RefinementCtx,
): void {
  if (raw.min_nodes === undefined || raw.max_nodes === undefined || raw.min_nodes <= raw.max_nodes) return;
  context.addIssue({
    code: 'custom',
    path: ['min_nodes'],
    message: `allowed: at most max_nodes, which is ${raw.max_nodes}`,
  });
}

/** What a pool falls back to when no policy is in force. */
export const poolBoundsSchema = section({
  min_nodes: boundsShape.min_nodes.default(1),
  max_nodes: boundsShape.max_nodes.default(10),
  usd_per_hour_max: boundsShape.usd_per_hour_max.optional(),
})
  .superRefine(refuseMinAboveMax)
  .transform((raw) => ({
    minNodes: raw.min_nodes,
    maxNodes: raw.max_nodes,
    usdPerHourMax: raw.usd_per_hour_max ?? null,
  }));

/** One time window. What it leaves out is inherited from the next wider window, and at last from the pool. */
const policySchema = section({
  time_range: timeRange.default({ startMinute: 0, endMinute: 0 }),
  days: list(choice(DAYS), 1, DAYS.length, `of ${DAYS.join(', ')}, each once`)
    .refine((days) => new Set(days).size === days.length, { error: 'allowed: each day once' })
    .optional(),
  timezone: zone.optional(),
  from: date.optional(),
  until: date.optional(),
  min_nodes: boundsShape.min_nodes.optional(),
  max_nodes: boundsShape.max_nodes.optional(),
  usd_per_hour_max: boundsShape.usd_per_hour_max.optional(),
  spot: spotSchema.optional(),
})
  .superRefine(refuseMinAboveMax)
  .superRefine((raw, context) => {
    if (raw.from === undefined || raw.until === undefined || raw.from < raw.until) return;
    context.addIssue({
      code: 'custom',
      path: ['until'],
      message: 'allowed: a date after "from"; the day "until" itself is out',
    });
  });

const POLICIES_MAX = 1_000;

export const policiesSchema = z
  .record(policyName, policySchema, { error: 'allowed: a map of policies by name' })
  .refine((policies) => Object.keys(policies).length <= POLICIES_MAX, {
    error: `allowed: at most ${POLICIES_MAX} policies`,
  });

export type RawPolicies = z.output<typeof policiesSchema>;

/** A policy ready for use: every field there, the zone filled in. Null means: inherited. */
export interface WindowPolicy {
  readonly name: string;
  readonly startMinute: number;
  readonly endMinute: number;
  /** Days of the week on which the window starts, 0 = Sunday. */
  readonly days: readonly number[];
  readonly timezone: string;
  /** First day, and first day no longer, as days since 1970-01-01 on the window's own calendar. */
  readonly fromDay: number | null;
  readonly untilDay: number | null;
  readonly minNodes: number | null;
  readonly maxNodes: number | null;
  readonly usdPerHourMax: number | null;
  readonly spot: z.output<typeof spotSchema> | null;
}

export function windowPolicies(raw: RawPolicies, timezone: string): WindowPolicy[] {
  return Object.entries(raw).map(([name, policy]) => ({
    name,
    ...policy.time_range,
    days: (policy.days ?? DAYS).map((day) => DAYS.indexOf(day)),
    timezone: policy.timezone ?? timezone,
    fromDay: policy.from ?? null,
    untilDay: policy.until ?? null,
    minNodes: policy.min_nodes ?? null,
    maxNodes: policy.max_nodes ?? null,
    usdPerHourMax: policy.usd_per_hour_max ?? null,
    spot: policy.spot ?? null,
  }));
}
