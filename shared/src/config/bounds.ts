import type { WindowPolicy } from './policy-schema.ts';
import type { PoolConfig, SpotConfig } from './pool-schema.ts';
import { localTime } from './zone.ts';

/** What a user has put in force for a while over NATS, HTTP or the command line. */
export interface Override {
  readonly minNodes: number | null;
  readonly maxNodes: number | null;
  readonly paused: boolean;
  readonly untilMs: number;
  readonly by: string;
  readonly why: string;
}

/** A bound and the name of what set it, for example `policy business_hours`. */
export interface Sourced<T> {
  readonly value: T;
  readonly from: string;
}

/** The bounds in force at one moment. `min` never exceeds `max`. */
export interface Bounds {
  readonly minNodes: Sourced<number>;
  readonly maxNodes: Sourced<number>;
  /** Null: no ceiling. */
  readonly usdPerHourMax: Sourced<number> | null;
  readonly spot: SpotConfig;
  /** Nothing is created and nothing removed. */
  readonly paused: boolean;
}

const DAY_MINUTES = 1_440;

/**
 * The bounds of a pool at `atMs`. Each field on its own comes from the first that states it: the override, then dated
 * policies, then the windows from the narrowest (fewest minutes a week; of equal ones the first in the file), then
 * the pool. Where `min` ends up above `max`, `max` holds.
 */
export function boundsAt(pool: PoolConfig, atMs: number, override: Override | null): Bounds {
  const held = override && atMs < override.untilMs ? override : null;
  const inForce = pool.policies.filter((policy) => windowHolds(policy, atMs)).sort(byPrecedence);
  const maxNodes = sourced(held?.maxNodes ?? null, inForce, 'maxNodes', pool.bounds.maxNodes);
  const minNodes = sourced(held?.minNodes ?? null, inForce, 'minNodes', pool.bounds.minNodes);
  const usdPolicy = inForce.find((policy) => policy.usdPerHourMax !== null);
  const usd = usdPolicy?.usdPerHourMax ?? pool.bounds.usdPerHourMax;
  return {
    minNodes: minNodes.value <= maxNodes.value ? minNodes : maxNodes,
    maxNodes,
    usdPerHourMax: usd === null ? null : { value: usd, from: usdPolicy ? `policy ${usdPolicy.name}` : 'pool' },
    spot: inForce.find((policy) => policy.spot !== null)?.spot ?? pool.spot,
    paused: held?.paused ?? false,
  };
}

function sourced(
  override: number | null,
  inForce: readonly WindowPolicy[],
  field: 'minNodes' | 'maxNodes',
  fallback: number,
): Sourced<number> {
  if (override !== null) return { value: override, from: 'override' };
  for (const policy of inForce) {
    const value = policy[field];
    if (value !== null) return { value, from: `policy ${policy.name}` };
  }
  return { value: fallback, from: 'pool' };
}

/**
 * Whether the wall clock in the window's zone shows a time inside of it. The window belongs to the day on which it
 * starts: at 02:00 on a Saturday, "22:00-06:00" is Friday's. A wall-clock time that a change to summer time leaves
 * out never comes; one that comes twice counts both times.
 */
function windowHolds(policy: WindowPolicy, atMs: number): boolean {
  const local = localTime(policy.timezone, atMs);
  const { startMinute: start, endMinute: end } = policy;
  if (start < end) return local.minute >= start && local.minute < end && startsOn(policy, local.day);
  if (local.minute >= start) return startsOn(policy, local.day);
  return local.minute < end && startsOn(policy, local.day - 1);
}

function startsOn(policy: WindowPolicy, day: number): boolean {
  // 1970-01-01 was a Thursday, which is day 4 of the week.
  const weekday = (((day + 4) % 7) + 7) % 7;
  return (
    policy.days.includes(weekday) &&
    (policy.fromDay === null || day >= policy.fromDay) &&
    (policy.untilDay === null || day < policy.untilDay)
  );
}

function byPrecedence(a: WindowPolicy, b: WindowPolicy): number {
  return Number(isDated(b)) - Number(isDated(a)) || minutesPerWeek(a) - minutesPerWeek(b);
}

function isDated(policy: WindowPolicy): boolean {
  return policy.fromDay !== null || policy.untilDay !== null;
}

/** "09:00-17:00" on five days: 8 x 60 x 5 = 2400. */
function minutesPerWeek(policy: WindowPolicy): number {
  const minutes = policy.endMinute - policy.startMinute;
  return (minutes <= 0 ? minutes + DAY_MINUTES : minutes) * policy.days.length;
}
