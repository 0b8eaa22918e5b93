import { describe, expect, it } from 'vitest';
import { isServedBy, type Member, ownerOf } from './ownership.ts';

const NAMES = Array.from({ length: 1_000 }, (_, i) => `series/pool-${i % 20}/signal-${i}`);
const ready = (...ids: string[]): Member[] => ids.map((id) => ({ id, state: 'ready' }));
const owners = (members: readonly Member[]) => NAMES.map((name) => ownerOf(members, name)?.id);
const served = (self: string, members: readonly Member[]) => NAMES.filter((name) => isServedBy(self, members, name));

describe('who owns a series', () => {
  it.each([[['a', 'b']], [['predictor-5f21', 'predictor-9c03']], [['predictor-1', 'predictor-2']]])(
    '%j share 1,000 within 10 %% of even',
    (ids) => {
      for (const id of ids) {
        const own = owners(ready(...ids)).filter((owner) => owner === id).length;
        expect(own).toBeGreaterThanOrEqual(450);
        expect(own).toBeLessThanOrEqual(550);
      }
    },
  );

  it('does not depend on the order in which members are known', () => {
    expect(owners(ready('c', 'a', 'b'))).toEqual(owners(ready('a', 'b', 'c')));
  });

  it('when a member goes only its series move, and come back when it does', () => {
    const before = owners(ready('a', 'b', 'c'));
    const after = owners(ready('a', 'c'));
    for (const [i, owner] of before.entries()) if (owner !== 'b') expect(after[i]).toBe(owner);
    const moved = after.filter((owner, i) => before[i] === 'b' && owner === 'a').length;
    const lost = before.filter((owner) => owner === 'b').length;
    expect(Math.abs(moved - lost / 2)).toBeLessThan(0.2 * lost);
    expect(owners(ready('b', 'a', 'c'))).toEqual(before);
  });

  it('nobody owns anything where nobody is', () => {
    expect(ownerOf([], 'x')).toBeNull();
    expect(isServedBy('a', [], 'x')).toBe(false);
  });
});

describe('who forecasts a series', () => {
  it('its owner, and nobody else', () => {
    const members = ready('a', 'b', 'c');
    const all = ['a', 'b', 'c'].flatMap((id) => served(id, members));
    expect(all.sort()).toEqual([...NAMES].sort());
  });

  it('while one joins: the joining one its own, the others what they had', () => {
    const members: Member[] = [...ready('a', 'b'), { id: 'c', state: 'joining' }];
    expect(served('a', members)).toEqual(served('a', ready('a', 'b')));
    expect(served('b', members)).toEqual(served('b', ready('a', 'b')));
    expect(served('c', members)).toEqual(served('c', ready('a', 'b', 'c')));
  });

  it('where all are just starting: each its own', () => {
    const members: Member[] = ['a', 'b'].map((id) => ({ id, state: 'joining' }));
    expect(served('a', members)).toEqual(served('a', ready('a', 'b')));
  });

  it('somebody, whatever the states are', () => {
    for (const a of ['joining', 'ready'] as const) {
      for (const b of ['joining', 'ready'] as const) {
        const members: Member[] = [
          { id: 'a', state: a },
          { id: 'b', state: b },
        ];
        expect(new Set([...served('a', members), ...served('b', members)]).size).toBe(1_000);
      }
    }
  });
});
