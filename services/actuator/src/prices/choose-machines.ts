import type { MachinesConfig, OfferingConfig, PoolConfig, PriceOrigin } from '@forescale/shared/config';
import { rankedUsdPerHour, unitsOf } from '../plan/index.ts';
import { allocatableOf, type Reservation } from './allocatable.ts';
import { type Figure, type MachineType, type PriceTable, priceIn } from './price-table.ts';

/** Why a type is not bought. `code` is stable, `text` is for people. */
export interface Refusal {
  readonly instanceType: string;
  readonly code: RefusalCode;
  readonly text: string;
}

type RefusalCode =
  | 'excluded'
  | 'type'
  | 'family'
  | 'architecture'
  | 'cpu'
  | 'memory'
  | 'gpus'
  | 'region'
  | 'template'
  | 'too-small'
  | 'max-offerings';

type Refused = Pick<Refusal, 'code' | 'text'>;

export interface Choice {
  readonly offerings: readonly OfferingConfig[];
  /** Every type of the table that is not among the offerings, once, with the first thing that speaks against it. */
  readonly refused: readonly Refusal[];
}

const RESERVATION_OF: Readonly<Record<PriceTable['cloud'], Reservation>> = {
  aws: 'eks',
  gcp: 'gke',
  azure: 'aks',
  hetzner: 'k3s',
};

const GIB = 2 ** 30;

/**
 * The offerings of a table that meet what is asked for and that agree with the pool's template. Types are taken whole,
 * with all their zones and capacity types, those first that cost least for what they carry of a template node.
 */
export function chooseMachines(asked: MachinesConfig, table: PriceTable, template: PoolConfig['template']): Choice {
  const refused: Refusal[] = [];
  const passed: { readonly type: MachineType; readonly offerings: readonly OfferingConfig[]; readonly usd: number }[] =
    [];
  for (const type of table.types.values()) {
    const offerings = offeringsOfType(type, asked, table, template);
    if ('code' in offerings) refused.push({ instanceType: type.instanceType, ...offerings });
    else passed.push({ type, offerings, usd: Math.min(...offerings.map((one) => usdPerUnit(one, template))) });
  }
  passed.sort((a, b) => a.usd - b.usd || (a.type.instanceType < b.type.instanceType ? -1 : 1));
  const chosen: OfferingConfig[] = [];
  let isFull = false;
  for (const { type, offerings } of passed) {
    isFull ||= chosen.length + offerings.length > asked.maxOfferings;
    if (!isFull) chosen.push(...offerings);
    else {
      const text = `max_offerings = ${asked.maxOfferings} is reached by cheaper types`;
      refused.push({ instanceType: type.instanceType, code: 'max-offerings', text });
    }
  }
  return { offerings: chosen, refused };
}

function offeringsOfType(
  type: MachineType,
  asked: MachinesConfig,
  table: PriceTable,
  template: PoolConfig['template'],
): OfferingConfig[] | Refused {
  const unfit = unfitness(type, asked, template);
  if (unfit !== null) return unfit;
  const allocatable = allocatableOf(type, asked.reserved ?? RESERVATION_OF[table.cloud], asked.maxPods);
  if (unitsOf(allocatable, template.allocatable) <= 0)
    return { code: 'too-small', text: 'carries nothing of what the template has' };
  const places = placesOf(asked, table);
  const priced = places.flatMap(({ region, zone }) =>
    asked.capacityTypes.flatMap((capacityType): OfferingConfig[] => {
      const price = priceIn(type, region, table);
      const figure = price?.[capacityType];
      if (!figure) return [];
      const { provider } = asked;
      const interruption = capacityType === 'spot' ? (price?.interruption ?? null) : null;
      const { instanceType } = type;
      return [{ provider, instanceType, region, zone, capacityType, ...pricedAt(figure), allocatable, interruption }];
    }),
  );
  if (priced.length === 0)
    return {
      code: 'region',
      text: `the table has no price of it, ${asked.capacityTypes.join(' or ')}, in ${asked.regions.join(', ')}`,
    };
  const agreeing = priced.filter((one) => agrees(one, template.labels));
  return agreeing.length > 0
    ? agreeing
    : { code: 'template', text: "the template's labels ask for another place or type" };
}

/** The price of a static table as an offering carries it. */
export function pricedAt({ usdPerHour, asOf, estimate }: Figure): { usdPerHour: number; price: PriceOrigin } {
  return { usdPerHour, price: { source: 'static', asOf, estimate } };
}

/** The first thing about the type itself that is not as asked for; null: nothing is. */
function unfitness(type: MachineType, asked: MachinesConfig, { labels }: PoolConfig['template']): Refused | null {
  const { instanceType, family, architecture, vcpus, memoryBytes, gpus } = type;
  const excluding = asked.exclude.find((pattern) => matches(pattern, instanceType));
  if (excluding !== undefined) return { code: 'excluded', text: `exclude names ${excluding}` };
  if (asked.types !== null && !asked.types.some((pattern) => matches(pattern, instanceType)))
    return { code: 'type', text: 'is none of types' };
  if (asked.families !== null && !asked.families.includes(family))
    return { code: 'family', text: `family ${family} is none of families` };
  const arch = labels['kubernetes.io/arch'];
  if (arch !== undefined && arch !== architecture)
    return { code: 'template', text: `is ${architecture}, and the template's label kubernetes.io/arch says ${arch}` };
  const architectures = asked.architectures ?? [arch ?? 'amd64'];
  if (!architectures.includes(architecture))
    return { code: 'architecture', text: `is ${architecture}, asked for is ${architectures.join(' or ')}` };
  if (!isWithin(vcpus * 1_000, asked.cpu)) return { code: 'cpu', text: `has ${vcpus} CPUs, asked for are others` };
  if (!isWithin(memoryBytes, asked.memory))
    return { code: 'memory', text: `has ${memoryBytes / GIB} GiB, asked for is another size` };
  if (!isWithin(gpus, asked.gpus)) return { code: 'gpus', text: `has ${gpus} GPUs, asked for are others` };
  return null;
}

/**
 * Where is bought: all zones that the table has of the regions, or those asked for. A zone that it does not have is taken
 * to lie in the region with whose name it begins, or in the only one.
 */
export function placesOf({ regions, zones }: MachinesConfig, table: PriceTable) {
  const isIn = (region: string, zone: string) => {
    const known = table.zones.get(region);
    return known?.includes(zone) || zone.startsWith(region) || (known === undefined && regions.length === 1);
  };
  return regions.flatMap((region) => {
    const found = zones === null ? (table.zones.get(region) ?? []) : zones.filter((zone) => isIn(region, zone));
    return found.map((zone) => ({ region, zone }));
  });
}

/** What the template says of a node's type and place is so of the machine. */
function agrees(
  { instanceType, region, zone, capacityType }: OfferingConfig,
  labels: Readonly<Record<string, string>>,
) {
  const own = {
    'node.kubernetes.io/instance-type': instanceType,
    'topology.kubernetes.io/region': region,
    'topology.kubernetes.io/zone': zone,
    'karpenter.sh/capacity-type': capacityType.replace('_', '-'),
  };
  return Object.entries(own).every(([label, value]) => (labels[label] ?? value) === value);
}

/** By CPU, memory and GPUs: all sizes take the same number of pods, which would make every large machine a bad buy. */
function usdPerUnit(offering: OfferingConfig, template: PoolConfig['template']): number {
  const room = offering.allocatable && { ...offering.allocatable, pods: Number.POSITIVE_INFINITY };
  return rankedUsdPerHour(offering) / unitsOf(room, template.allocatable);
}

function isWithin(value: number, { min, max }: { readonly min: number; readonly max: number }): boolean {
  return value >= min && value <= max;
}

/** `*` stands for anything, `?` for one character. */
function matches(pattern: string, type: string): boolean {
  const source = pattern.replace(/[.]/g, '\\.').replace(/\*+/g, '.*').replace(/\?/g, '.');
  return new RegExp(`^${source}$`).test(type);
}
