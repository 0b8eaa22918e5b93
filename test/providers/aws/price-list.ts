import { ApiError, type Call } from './api.ts';

/** The only regions that answer for prices, whichever region they are of. */
const REGIONS = ['us-east-1', 'eu-central-1', 'ap-south-1'];

interface Filter {
  readonly Field: string;
  readonly Value: string;
}

/** What EC2's machines cost on demand, in the shape of AWS' price list: every product as JSON in a text. */
export class PriceList {
  /** USD/h by `type region`. */
  readonly onDemand = new Map<string, number>();

  answer({ region, input }: Call): unknown {
    if (!REGIONS.includes(region)) throw new ApiError('InternalErrorException', `no price list in ${region}`, 500);
    const wanted = new Map(((input.Filters ?? []) as readonly Filter[]).map(({ Field, Value }) => [Field, Value]));
    const found = [...this.onDemand].flatMap(([key, usd]) => {
      const [instanceType = '', regionCode = ''] = key.split(' ');
      const attributes = {
        instanceType,
        regionCode,
        operatingSystem: 'Linux',
        tenancy: 'Shared',
        preInstalledSw: 'NA',
        capacitystatus: 'Used',
        licenseModel: 'No License required',
      };
      const fits = [...wanted].every(([field, value]) => attributes[field as keyof typeof attributes] === value);
      return fits ? [JSON.stringify(product(attributes, usd))] : [];
    });
    return { FormatVersion: 'aws_v1', PriceList: found };
  }
}

function product(attributes: Readonly<Record<string, string>>, usd: number) {
  const sku = `SKU${attributes.instanceType}`;
  return {
    product: { productFamily: 'Compute Instance', sku, attributes },
    serviceCode: 'AmazonEC2',
    terms: {
      OnDemand: {
        [`${sku}.JRTCKXETXF`]: {
          sku,
          priceDimensions: {
            [`${sku}.JRTCKXETXF.6YS6EN2CT7`]: { unit: 'Hrs', pricePerUnit: { USD: usd.toFixed(10) }, beginRange: '0' },
          },
        },
      },
    },
  };
}
