import type { Random } from '@forescale/shared/time';
import { describe, expect, it } from 'vitest';
import { Timeline } from '../../timeline/index.ts';
import { ObjectStore } from './object-store.ts';
import { Registry } from './registry.ts';

/** Chance that gives the numbers of a list, over and over. */
function chanceOf(numbers: readonly number[]): Random {
  let next = 0;
  const draw = () => numbers[next++ % numbers.length] ?? 0;
  return { next: draw, below: (below) => Math.floor(draw() * below), normal: draw, exponential: draw };
}

describe('registry', () => {
  it('makes up another name when the first is taken', () => {
    const store = new ObjectStore({ historyEvents: 10, objectsPerKind: 10 });
    // A namespace takes 5 draws for its UID, so that the second name begins with the same letters as the first.
    const registry = new Registry(store, new Timeline(0), chanceOf([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5]));
    const names = [1, 2].map(
      () => registry.create('namespaces', { metadata: { generateName: 'x-' } }).object.metadata.name,
    );
    expect(names[0]).toBe('x-bbbbb');
    expect(names[1]).not.toBe('x-bbbbb');
    expect(names[1]).toMatch(/^x-[a-z0-9]{5}$/);
  });
});
