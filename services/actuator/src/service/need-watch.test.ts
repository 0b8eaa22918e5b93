import { describe, expect, it } from 'vitest';
import { NeedWatch } from './need-watch.ts';

const MINUTE_MS = 60_000;

/** Steps of a minute each: how many are Ready, how many needed; `met` are the leads of that step, in seconds. */
function check(steps: readonly { ready: number; needed: number; met: number[] }[]): void {
  const watch = new NeedWatch();
  for (const [minute, { ready, needed, met }] of steps.entries()) {
    const leads = watch.observe(ready, needed, [], minute * MINUTE_MS).map((one) => one.leadSeconds);
    expect(leads, `minute ${minute}`).toEqual(met);
  }
}

describe('need watch', () => {
  it("what is there at first is nobody's merit", () => {
    check([
      { ready: 5, needed: 3, met: [] },
      { ready: 5, needed: 5, met: [] },
    ]);
  });

  it('a node that is Ready before its need leads by the time between', () => {
    check([
      { ready: 2, needed: 2, met: [] },
      { ready: 3, needed: 2, met: [] },
      { ready: 3, needed: 2, met: [] },
      { ready: 3, needed: 3, met: [120] },
    ]);
  });

  it('a node that comes after its need lags by the time between', () => {
    check([
      { ready: 2, needed: 2, met: [] },
      { ready: 2, needed: 4, met: [] },
      { ready: 3, needed: 4, met: [-60] },
      { ready: 4, needed: 4, met: [-120] },
    ]);
  });

  it('a need that passes, and a node that leaves unneeded, are forgotten', () => {
    check([
      { ready: 2, needed: 2, met: [] },
      { ready: 2, needed: 3, met: [] },
      { ready: 2, needed: 2, met: [] },
      { ready: 3, needed: 2, met: [] },
      { ready: 2, needed: 2, met: [] },
      { ready: 2, needed: 3, met: [] },
      { ready: 3, needed: 3, met: [-60] },
    ]);
  });

  it('takes the time at which a node became Ready, not the time at which it was seen', () => {
    const watch = new NeedWatch();
    watch.observe(1, 1, [], 0);
    watch.observe(1, 2, [], MINUTE_MS);
    expect(watch.observe(2, 2, [MINUTE_MS + 40_000], 2 * MINUTE_MS)).toEqual([{ leadSeconds: -40 }]);
  });
});
