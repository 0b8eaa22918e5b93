import type { OfferingConfig, PriceOrigin } from '@forescale/shared/config';
import { describe, expect, it } from 'vitest';
import { poolOf } from './plan-state.test-data.ts';
import { priceBasis, priceWords } from './price-basis.ts';

const [base] = poolOf({ offerings: [{ instance_type: 'm', usd_per_hour: 1 }] }).offerings as [OfferingConfig];
const of = (source: PriceOrigin['source'], asOf: string | null = null, estimate = false): OfferingConfig => ({
  ...base,
  price: { source, asOf, estimate },
});

describe('what sums of money rest on', () => {
  it.each([
    ['nothing', [], 'unknown'],
    ['the configuration', [base, base], 'configured'],
    ['live prices in part', [base, of('live', '2026-11-26T04:00:00.000Z')], 'live 2026-11-26T04:00:00.000Z'],
    ['static prices in part', [of('live', '2026-11-26'), of('static', '2026-07-20'), base], 'static 2026-07-20'],
    [
      'the oldest of them',
      [of('static', '2026-07-20'), of('static', '2025-06-28', true)],
      'static 2025-06-28, estimated',
    ],
    ['what nobody knows', [of('unknown'), of('static', '2026-07-20')], 'unknown'],
  ])('%s', (_, offerings, words) => {
    expect(priceWords(priceBasis(offerings))).toBe(words);
  });

  it('counts the offerings of each source', () => {
    expect(priceBasis([base, of('static'), of('static')]).counts).toEqual({
      unknown: 0,
      static: 2,
      live: 0,
      configured: 1,
    });
  });
});
