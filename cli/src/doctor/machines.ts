import { priceOf } from '@forescale/actuator/plan';
import { type Consideration, tally } from '@forescale/actuator/prices';
import type { MachineProvider } from '@forescale/actuator/providers';
import { type OfferingConfig, type PoolConfig, providersOf, type SingleProviderConfig } from '@forescale/shared/config';
import { considerationsOf } from '../output/offerings.ts';
import { attempt, type Finding, type Patience } from './finding.ts';

type OpenProvider = (config: SingleProviderConfig) => Promise<Pick<MachineProvider, 'prices'>>;

const DAY_MS = 86_400_000;
/** What a static price is no longer worth much after. */
const STALE_DAYS = 180;

/** Of what each pool may choose its machines, what is left, and why the rest is not. */
export function checkMachines(pools: readonly PoolConfig[]): Finding[] {
  return pools.flatMap((pool) =>
    considerationsOf(pool).map(
      (one): Finding => ({
        check: 'machines',
        subject: `pool ${pool.name}`,
        state: 'ok',
        detail: considered(one),
      }),
    ),
  );
}

function considered({ table, chosen, refused }: Consideration): string {
  const types = table.types.size - refused.length;
  const rest = refused.length === 0 ? '' : `; refused: ${tally(refused)}`;
  return `${types} of the ${table.types.size} types of ${table.cloud}, ${chosen.length} offering(s)${rest}`;
}

/** Whether those prices that the configuration leaves open are told by their provider, and how old they are if not. */
export async function checkLivePrices(
  pools: readonly PoolConfig[],
  open: OpenProvider,
  patience: Patience,
): Promise<Finding[]> {
  const findings = await Promise.all(
    pools.map(async (pool) => {
      const unsaid = pool.offerings.filter((one) => priceOf(one).source !== 'configured');
      const byProvider = Map.groupBy(unsaid, ({ provider }) => provider);
      return await Promise.all(
        [...byProvider].map(([name, offerings]) => livePrices(pool, name, offerings, open, patience)),
      );
    }),
  );
  return findings.flat();
}

async function livePrices(
  pool: PoolConfig,
  name: string,
  offerings: readonly OfferingConfig[],
  open: OpenProvider,
  patience: Patience,
): Promise<Finding> {
  const subject = `pool ${pool.name}${name === '' ? '' : `, ${name}`}`;
  const finding = { check: 'price', subject } as const;
  const config = providersOf(pool.provider).get(name);
  const asked = await attempt(patience, async (signal) => {
    const provider = config && (await open(config));
    return (await provider?.prices?.(offerings, signal)) ?? null;
  });
  const old = staleness(offerings, patience.clock.nowMs());
  const fallback = old ?? `${offerings.length} static price(s) hold`;
  if ('error' in asked) return { ...finding, state: 'warn', detail: `not told: ${asked.error}; ${fallback}` };
  if (asked.value === null) return { ...finding, state: old === null ? 'ok' : 'warn', detail: `not live: ${fallback}` };
  const known = asked.value.filter((price) => price !== null).length;
  if (known === offerings.length) return { ...finding, state: 'ok', detail: `live: all ${known}` };
  return {
    ...finding,
    state: old === null ? 'ok' : 'warn',
    detail: `live: ${known} of ${offerings.length}; ${fallback}`,
  };
}

/** Null: no static price is too old. */
function staleness(offerings: readonly OfferingConfig[], nowMs: number): string | null {
  const days = offerings.flatMap((one) => {
    const { source, asOf } = priceOf(one);
    return source === 'static' && asOf !== null ? [Math.floor((nowMs - Date.parse(asOf)) / DAY_MS)] : [];
  });
  const stale = days.filter((age) => age > STALE_DAYS);
  if (stale.length === 0) return null;
  return `${stale.length} of ${offerings.length} static price(s) are more than ${STALE_DAYS} days old, up to ${Math.max(...stale)}`;
}
