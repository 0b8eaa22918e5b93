import { offeringId, priceOf, priceWords } from '@forescale/actuator/plan';
import { type Consideration, completePool, type Refusal } from '@forescale/actuator/prices';
import type { OfferingConfig, PoolConfig } from '@forescale/shared/config';

const OFFERINGS_SHOWN_MAX = 20;
const REASONS_SHOWN_MAX = 15;
const TYPES_SHOWN_MAX = 4;

/** What became of each section `machines` of a pool that is complete. */
export function considerationsOf(pool: PoolConfig): readonly Consideration[] {
  return completePool(pool, 0).considered;
}

/** What a pool may buy, at which price from where; and of what it was chosen from, why the others are not. */
export function offeringsText(pool: PoolConfig): string {
  const { offerings } = pool;
  if (offerings.length === 0) return '  offerings: none';
  const lines = offerings.slice(0, OFFERINGS_SHOWN_MAX).map(offeringLine);
  const more = offerings.length - lines.length;
  return [
    `  offerings: ${offerings.length}`,
    ...lines,
    ...(more > 0 ? [`    and ${more} more (--json has all)`] : []),
    ...considerationsOf(pool).flatMap(considerationLines),
  ].join('\n');
}

function offeringLine(offering: OfferingConfig): string {
  const band = offering.interruption === null ? '' : `, ${offering.interruption} taken back in a month`;
  return `    ${offeringId(offering)}: ${offering.usdPerHour} USD/h, ${priceWords(priceOf(offering))}${band}`;
}

/** "refused of 46 types of aws: 30", and a line for each reason with the first of its types. */
function considerationLines({ table, refused }: Consideration): string[] {
  if (refused.length === 0) return [];
  const reasons = [...Map.groupBy(refused, ({ text }) => text)].toSorted((a, b) => b[1].length - a[1].length);
  const shown = reasons.slice(0, REASONS_SHOWN_MAX).map(([text, types]) => `    ${namesOf(types)}: ${text}`);
  const more = reasons.length - shown.length;
  return [
    `  refused of the ${table.types.size} types of ${table.cloud} (table of ${table.asOf}): ${refused.length}`,
    ...shown,
    ...(more > 0 ? [`    and ${more} more reasons (--json has all)`] : []),
  ];
}

function namesOf(types: readonly Refusal[]): string {
  const names = types.slice(0, TYPES_SHOWN_MAX).map(({ instanceType }) => instanceType);
  const more = types.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** The same as JSON, whole. */
export function offeringsDocument(pool: PoolConfig) {
  return {
    offerings: pool.offerings.map((one) => ({
      offering: offeringId(one),
      usd_per_hour: one.usdPerHour,
      price: priceDocument(one),
      interruption: one.interruption,
    })),
    considered: considerationsOf(pool).map(({ table, chosen, refused }) => ({
      cloud: table.cloud,
      as_of: table.asOf,
      source: table.source,
      types: table.types.size,
      chosen: chosen.map(offeringId),
      refused: refused.map(({ instanceType, code, text }) => ({ instance_type: instanceType, code, text })),
    })),
  };
}

export function priceDocument(offering: Pick<OfferingConfig, 'price'>) {
  const { source, asOf, estimate } = priceOf(offering);
  return { source, as_of: asOf, estimate };
}
