import type { CLOUDS } from '@forescale/shared/config';
import { type PriceTable, readPriceTable } from './price-table.ts';
import aws from './tables/aws.json' with { type: 'json' };
import azure from './tables/azure.json' with { type: 'json' };
import gcp from './tables/gcp.json' with { type: 'json' };
import hetzner from './tables/hetzner.json' with { type: 'json' };

export type Cloud = (typeof CLOUDS)[number];

const RAW: Readonly<Record<Cloud, unknown>> = { aws, azure, gcp, hetzner };
const read = new Map<Cloud, PriceTable>();

/** The static table that comes with Forescale, read when it is first asked for. */
export function priceTableOf(cloud: Cloud): PriceTable {
  const known = read.get(cloud) ?? readPriceTable(RAW[cloud]);
  read.set(cloud, known);
  return known;
}
