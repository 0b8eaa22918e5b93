import { describe, expect, it } from 'vitest';
import { driven, failureOf, signal } from '../driver.ts';
import { opened } from './opened.ts';
import { offering } from './target.ts';

describe('azure prices', () => {
  it('are those of Linux by the hour, on demand and as spot, that hold now', async () => {
    const target = await opened('machines');
    const offerings = [
      offering('on_demand'),
      offering('spot'),
      { ...offering('on_demand'), zone: 'westeurope-2' },
      { ...offering('on_demand'), instanceType: 'Standard_D2s_v5' },
      { ...offering('spot'), instanceType: 'Standard_D2s_v5' },
      { ...offering('on_demand'), region: 'eastus' },
    ];
    const prices = await driven(target, target.provider.prices?.(offerings, signal()) ?? Promise.resolve([]));
    expect(prices).toEqual([0.23, 0.046, 0.23, 0.115, null, null]);
    // Two regions; the first in three pages of three.
    expect(target.endpoint.seen).toHaveLength(4);
  });

  it('come without a login', async () => {
    const target = await opened('machines', { token_file: '/nowhere/token' });
    const prices = target.provider.prices?.([offering('on_demand')], signal());
    expect(await driven(target, prices ?? Promise.resolve([]))).toEqual([0.23]);
    expect(await failureOf(driven(target, target.provider.list('c', signal())))).toMatchObject({ errorClass: 'auth' });
  });

  it('are asked for a region at a time, twenty sizes in a query', async () => {
    const target = await opened('machines');
    const offerings = Array.from({ length: 45 }, (_, i) => ({ ...offering('spot'), instanceType: `Standard_X${i}` }));
    const prices = await driven(target, target.provider.prices?.(offerings, signal()) ?? Promise.resolve([]));
    expect(new Set(prices)).toEqual(new Set([null]));
    expect(target.endpoint.seen).toHaveLength(3);
  });
});
