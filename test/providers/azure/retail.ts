import { type Reply, refused } from './replies.ts';

interface Meter {
  readonly armSkuName: string;
  readonly skuName: string;
  readonly productName: string;
  readonly retailPrice: number;
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Prices of a few sizes, in the shapes in which the API gives them, with those that mean something else in between. */
const METERS: readonly Meter[] = [
  {
    armSkuName: 'Standard_D4s_v5',
    skuName: 'Standard_D4s_v5',
    productName: 'Virtual Machines Dsv5 Series',
    retailPrice: 0.23,
  },
  {
    armSkuName: 'Standard_D4s_v5',
    skuName: 'Standard_D4s_v5',
    productName: 'Virtual Machines Dsv5 Series Windows',
    retailPrice: 0.414,
  },
  {
    armSkuName: 'Standard_D4s_v5',
    skuName: 'Standard_D4s_v5 Spot',
    productName: 'Virtual Machines Dsv5 Series',
    retailPrice: 0.046,
  },
  {
    armSkuName: 'Standard_D4s_v5',
    skuName: 'Standard_D4s_v5 Spot',
    productName: 'Virtual Machines Dsv5 Series Windows',
    retailPrice: 0.09,
  },
  {
    armSkuName: 'Standard_D4s_v5',
    skuName: 'Standard_D4s_v5 Low Priority',
    productName: 'Virtual Machines Dsv5 Series',
    retailPrice: 0.04,
  },
  {
    armSkuName: 'Standard_D4s_v5',
    skuName: 'Standard_D4s_v5',
    productName: 'Virtual Machines Dsv5 Series',
    retailPrice: 0.5,
    more: { effectiveStartDate: '2099-01-01T00:00:00Z' },
  },
  {
    armSkuName: 'Standard_D2s_v5',
    skuName: 'Standard_D2s_v5',
    productName: 'Virtual Machines Dsv5 Series',
    retailPrice: 0.115,
  },
  {
    armSkuName: 'Standard_D2s_v5',
    skuName: 'Standard_D2s_v5',
    productName: 'Dsv5 Series Cloud Services',
    retailPrice: 0.2,
  },
];

const PAGE = 3;

/** `/api/retail/prices`, which needs no login. */
export function retailPrices(url: URL, nowMs: number): Reply {
  const query = url.searchParams;
  for (const name of query.keys())
    if (!['api-version', 'meterRegion', '$filter', '$skip'].includes(name)) return refused(400, 'BadRequest', name);
  const clauses = (query.get('$filter') ?? '').split(' and ');
  const wanted = new Map(
    clauses.map((clause) => [
      /^\(?(\w+) eq/.exec(clause)?.[1] ?? clause,
      [...clause.matchAll(/eq '([^']*)'/g)].map((one) => one[1]),
    ]),
  );
  for (const [field, values] of wanted)
    if (!['serviceName', 'priceType', 'armRegionName', 'armSkuName'].includes(field) || values.length === 0)
      return refused(400, 'BadRequest', `Invalid OData parameters supplied: ${field}`);
  const items = METERS.map((meter) => item(meter, nowMs)).filter((one) =>
    [...wanted].every(([field, values]) =>
      values.includes(String((one as Record<string, unknown>)[field === 'priceType' ? 'type' : field])),
    ),
  );
  const first = Number(query.get('$skip') ?? 0);
  const next = new URL(url);
  next.searchParams.set('$skip', String(first + PAGE));
  const NextPageLink = first + PAGE < items.length ? next.href : null;
  return {
    status: 200,
    body: { BillingCurrency: 'USD', Items: items.slice(first, first + PAGE), NextPageLink, Count: PAGE },
  };
}

function item({ more, ...meter }: Meter, nowMs: number) {
  return {
    currencyCode: 'USD',
    tierMinimumUnits: 0,
    unitPrice: meter.retailPrice,
    armRegionName: 'westeurope',
    location: 'EU West',
    effectiveStartDate: new Date(nowMs - 86_400_000).toISOString(),
    meterName: meter.skuName.replace('Standard_', '').replaceAll('_', ' '),
    serviceName: 'Virtual Machines',
    unitOfMeasure: '1 Hour',
    type: 'Consumption',
    isPrimaryMeterRegion: true,
    ...meter,
    ...more,
  };
}
