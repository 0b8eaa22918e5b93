import { CLOUDS, INTERRUPTION_BANDS } from '@forescale/shared/config';
import { z } from 'zod';

const GIB = 2 ** 30;
/** A derived price is no more exact than what it is derived from. */
const ESTIMATE_DIGITS = 4;

const name = z.string().regex(/^[\w.-]{1,63}$/);
const words = z.string().min(1).max(500);
const usd = z.number().positive().max(10_000);
const architecture = z.enum(['amd64', 'arm64']);

/** Of one type in one region: on demand, spot as the table's `spot.as` says it, interruption band. Null: not sold. */
const cellSchema = z
  .tuple([usd.nullable(), usd.nullable().optional(), z.enum(INTERRUPTION_BANDS).nullable().optional()])
  .nullable();

/** Type, architecture, vCPU, GiB, GPUs, and then a cell for each region that is not `like` another. */
const rowSchema = z.tuple(
  [name, architecture, z.int().min(1).max(1_024), z.number().positive().max(65_536), z.int().min(0).max(64)],
  cellSchema,
);

const regionSchema = z.strictObject({
  region: name,
  zones: z.array(name).min(1).max(20),
  /** Has the prices of that region. */
  like: name.optional(),
  /** On demand is not known here: that of another region, times a factor by the first letter of the type. */
  estimate: z
    .strictObject({ from: name, factors: z.record(z.string().length(1), z.number().min(0.1).max(10)) })
    .optional(),
});

const dated = { as_of: z.iso.date(), source: words };

const tableSchema = z.strictObject({
  cloud: z.enum(CLOUDS),
  unit: z.enum(['usd_per_hour', 'eur_per_month']),
  ...dated,
  licence: words,
  /**
   * How the second figure of a cell says what spot costs. `unknown`: there is spot, of unknown price; it is taken to
   * cost what on demand costs, which it never exceeds.
   */
  spot: z.strictObject({ as: z.enum(['price', 'saving_percent', 'unknown', 'none']), ...dated }),
  /** For prices in euros a month, which is the most that is charged and reached after `hours_per_month`. */
  euro: z
    .strictObject({ usd: z.number().min(0.2).max(5), hours_per_month: z.int().min(1).max(744), ...dated })
    .optional(),
  regions: z.array(regionSchema).min(1).max(100),
  types: z.array(rowSchema).min(1).max(1_000),
});

type RawTable = z.output<typeof tableSchema>;
type Cell = NonNullable<z.output<typeof cellSchema>>;

/** A price, and how good it is. `estimate`: derived by us from what the source says. */
export interface Figure {
  readonly usdPerHour: number;
  readonly asOf: string;
  readonly estimate: boolean;
}

/** What a type costs in a region; null: it is not sold so, or nothing is known. */
export interface RegionPrice {
  readonly on_demand: Figure | null;
  readonly spot: Figure | null;
  readonly interruption: (typeof INTERRUPTION_BANDS)[number] | null;
}

export interface MachineType {
  readonly instanceType: string;
  readonly family: string;
  readonly architecture: 'amd64' | 'arm64';
  readonly vcpus: number;
  /** As sold: what the kernel sees is less. */
  readonly memoryBytes: number;
  readonly gpus: number;
  readonly byRegion: ReadonlyMap<string, RegionPrice>;
}

/** Machine types of one cloud and what they cost, as of a day. */
export interface PriceTable {
  readonly cloud: (typeof CLOUDS)[number];
  readonly asOf: string;
  readonly source: string;
  /** By region; the first one is what others are estimated by. */
  readonly zones: ReadonlyMap<string, readonly string[]>;
  readonly types: ReadonlyMap<string, MachineType>;
}

/**
 * What a type costs in a region. Of a region that the table does not have: what it costs in the table's first one, as an
 * estimate. Null: it is not sold there.
 */
export function priceIn(type: MachineType, region: string, table: PriceTable): RegionPrice | null {
  if (table.zones.has(region)) return type.byRegion.get(region) ?? null;
  const [reference = ''] = table.zones.keys();
  const price = type.byRegion.get(reference);
  if (price === undefined) return null;
  const estimated = (figure: Figure | null) => figure && { ...figure, estimate: true };
  return { on_demand: estimated(price.on_demand), spot: estimated(price.spot), interruption: null };
}

/** Reads a table as its file has it. Throws `ZodError`, or `RangeError` where its parts do not fit each other. */
export function readPriceTable(raw: unknown): PriceTable {
  const table = tableSchema.parse(raw);
  const priced = table.regions.filter(({ like }) => like === undefined).map(({ region }) => region);
  const types = table.types.map(([instanceType, arch, vcpus, gib, gpus, ...cells]): MachineType => {
    if (cells.length !== priced.length)
      throw new RangeError(`${instanceType} has ${cells.length} cells; allowed: ${priced.length}, one a region`);
    const own = new Map(priced.map((region, index) => [region, cells[index] ?? null]));
    const prices = table.regions.flatMap(({ region, like }) => {
      const price = cellPrice(table, instanceType, own, like ?? region);
      return price === null ? [] : [[region, price] as const];
    });
    const family = familyOf(table.cloud, instanceType);
    const memoryBytes = gib * GIB;
    return { instanceType, family, architecture: arch, vcpus, memoryBytes, gpus, byRegion: new Map(prices) };
  });
  const byName = new Map(types.map((type) => [type.instanceType, type]));
  if (byName.size !== types.length) throw new RangeError(`the table of ${table.cloud} has a type twice`);
  return {
    cloud: table.cloud,
    asOf: table.as_of,
    source: table.source,
    zones: new Map(table.regions.map(({ region, zones }) => [region, zones])),
    types: byName,
  };
}

function cellPrice(
  table: RawTable,
  type: string,
  own: ReadonlyMap<string, Cell | null>,
  region: string,
): RegionPrice | null {
  const cell = own.get(region) ?? null;
  if (cell === null) return null;
  const onDemand = onDemandOf(table, type, cell, own, region);
  return { on_demand: onDemand, spot: spotOf(table, cell, onDemand), interruption: cell[2] ?? null };
}

function onDemandOf(
  table: RawTable,
  type: string,
  [price]: Cell,
  own: ReadonlyMap<string, Cell | null>,
  region: string,
): Figure | null {
  if (price !== null) return inDollars(table, price);
  const estimate = table.regions.find((one) => one.region === region)?.estimate;
  const base = estimate && own.get(estimate.from)?.[0];
  const factor = estimate?.factors[type.slice(0, 1)];
  return base && factor ? { usdPerHour: rounded(base * factor), asOf: table.as_of, estimate: true } : null;
}

/** 5.49 EUR a month at 1.1637 USD, 624 h: 0.01024 USD/h. Derived, hence an estimate. */
function inDollars({ unit, euro, as_of }: RawTable, price: number): Figure {
  if (unit === 'usd_per_hour') return { usdPerHour: price, asOf: as_of, estimate: false };
  if (euro === undefined) throw new RangeError('prices in euros a month; allowed: with the section euro');
  return { usdPerHour: rounded((price * euro.usd) / euro.hours_per_month), asOf: as_of, estimate: true };
}

function spotOf({ spot }: RawTable, [, value]: Cell, onDemand: Figure | null): Figure | null {
  switch (spot.as) {
    case 'none':
      return null;
    case 'price':
      return value == null ? null : { usdPerHour: value, asOf: spot.as_of, estimate: false };
    case 'saving_percent':
      if (value == null || onDemand === null) return null;
      return { usdPerHour: rounded(onDemand.usdPerHour * (1 - value / 100)), asOf: spot.as_of, estimate: true };
    case 'unknown':
      return onDemand && { ...onDemand, estimate: true };
  }
}

function rounded(usdPerHour: number): number {
  return Number(usdPerHour.toPrecision(ESTIMATE_DIGITS));
}

/** As the cloud itself names its families: m7g (of m7g.large), n2d (n2d-standard-4), Dasv6 (Standard_D4as_v6), cax (cax21). */
function familyOf(cloud: RawTable['cloud'], type: string): string {
  switch (cloud) {
    case 'aws':
      return type.replace(/\..*$/, '');
    case 'gcp':
      return type.replace(/-.*$/, '');
    case 'azure':
      return type
        .replace(/^Standard_/, '')
        .replace(/\d+/, '')
        .replace('_', '');
    case 'hetzner':
      return type.replace(/\d+$/, '');
  }
}
