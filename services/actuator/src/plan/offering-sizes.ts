import type { OfferingConfig } from '@forescale/shared/config';
import type { Resources } from '@forescale/shared/domain';

/** Offerings whose machines are of one size. Of hundreds of offerings there are a few dozen sizes. */
export interface OfferingSize {
  /** Null: like the template. */
  readonly allocatable: Resources | null;
  readonly offerings: readonly OfferingConfig[];
}

/** By the offerings of a configuration, which does not change. */
const known = new WeakMap<readonly OfferingConfig[], readonly OfferingSize[]>();

export function offeringSizes(offerings: readonly OfferingConfig[]): readonly OfferingSize[] {
  const before = known.get(offerings);
  if (before !== undefined) return before;
  const sizes = Map.groupBy(offerings, ({ allocatable }) => JSON.stringify(allocatable));
  const listed = [...sizes.values()].map((alike) => ({ allocatable: alike[0]?.allocatable ?? null, offerings: alike }));
  known.set(offerings, listed);
  return listed;
}

/** Those of the offerings that are of one of the sizes, in their order. */
export function offeringsOfSizes(
  sizes: readonly OfferingSize[],
  offerings: readonly OfferingConfig[],
): readonly OfferingConfig[] {
  const chosen = new Set(sizes.flatMap((size) => size.offerings));
  return chosen.size === offerings.length ? offerings : offerings.filter((offering) => chosen.has(offering));
}
