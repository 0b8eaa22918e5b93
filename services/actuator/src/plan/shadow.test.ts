import { describe, expect, it } from 'vitest';
import { shadowNodes, startShadow, stepShadow } from './shadow.ts';

const MINUTE_MS = 60_000;
const OPTIONS = { leadTimeMs: 3 * MINUTE_MS, unneededMs: 4 * MINUTE_MS, minNodes: 1, maxNodes: 10 };

function run(needs: readonly number[], options = OPTIONS) {
  let state = startShadow(needs[0] ?? 0, 0, options);
  return needs.map((need, minute) => {
    state = stepShadow(state, need, minute * MINUTE_MS, options);
    const { ready, starting } = shadowNodes(state);
    return `${ready}+${starting}`;
  });
}

describe('the reactive shadow', () => {
  it('orders what it sees lacking, once, and has it a lead time later', () => {
    // Starts with one node more than the 1 needed; 5 lack 3.
    expect(run([1, 5, 5, 5, 5, 5])).toEqual(['2+0', '2+3', '2+3', '2+3', '5+0', '5+0']);
  });

  it('lets go what was above the largest need of the window', () => {
    expect(run([4, 2, 1, 3, 1, 1, 1, 1])).toEqual(['5+0', '5+0', '5+0', '5+0', '3+0', '3+0', '3+0', '1+0']);
  });

  it('keeps to the bounds', () => {
    expect(run([0.5, 30, 30, 30, 30])).toEqual(['2+0', '2+8', '2+8', '2+8', '10+0']);
    expect(run([0, 0, 0, 0, 0], { ...OPTIONS, minNodes: 3 }).at(-1)).toBe('3+0');
  });

  it('is plain data, and small: needs in the window only as far as later ones have not topped them', () => {
    let state = startShadow(1, 0, { ...OPTIONS, unneededMs: 600 * MINUTE_MS });
    for (let minute = 0; minute < 500; minute++) {
      state = stepShadow(state, minute % 10, minute * MINUTE_MS, { ...OPTIONS, unneededMs: 600 * MINUTE_MS });
    }
    expect(state.peaks.length).toBeLessThanOrEqual(10);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  });
});
