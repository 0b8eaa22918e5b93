import { StateUnavailableError } from '@forescale/shared/state';
import { describe, expect, it } from 'vitest';
import { FakeState } from '../execute/fakes/fake-state.ts';
import { OverrideKeeper, type OverrideRequest } from './override.ts';
import { encodeStored } from './stored.ts';

const UNTIL_MS = Date.UTC(2026, 2, 3);

const stored = (change: object) => ({
  minNodes: null,
  maxNodes: null,
  paused: false,
  untilMs: UNTIL_MS,
  by: 'ops',
  why: 'x',
  ...change,
});
const PAUSE = stored({ paused: true });

function asked(change: Partial<OverrideRequest>): OverrideRequest {
  return { pause: undefined, bounds: undefined, untilMs: UNTIL_MS, by: 'ops', why: 'x', ...change };
}

/** A bucket whose reads and writes of some keys wait, or fail. */
class SlowState extends FakeState {
  readsWait: Promise<void> = Promise.resolve();
  failing = '';

  override async get(key: string) {
    const wait = this.readsWait;
    const entry = await super.get(key);
    await wait;
    return entry;
  }

  override async put(key: string, value: Uint8Array) {
    if (key.startsWith(this.failing || ' ')) throw new StateUnavailableError('the bucket is away');
    return await super.put(key, value);
  }
}

async function kept(entries: Readonly<Record<string, object>> = {}) {
  const state = new SlowState();
  for (const [key, value] of Object.entries(entries)) await state.put(key, encodeStored(value));
  const keeper = new OverrideKeeper(state, 'web');
  await keeper.refresh();
  return { state, keeper };
}

describe('overrides that are kept', () => {
  it.each([
    ['with bounds beside it', { minNodes: 3 }, [stored({ minNodes: 3 })]],
    ['alone', {}, []],
  ])('resume ends a pause that an older version kept as bounds, %s', async (_what, change, left) => {
    const { state, keeper } = await kept({ 'override.web': stored({ paused: true, ...change }) });
    expect(keeper.lastKnown[0]?.paused).toBe(true);
    await keeper.apply(asked({ pause: null }));
    expect(keeper.lastKnown).toEqual(left);
    const next = new OverrideKeeper(state, 'web');
    await next.refresh();
    expect(next.lastKnown).toEqual(left);
  });

  it('bounds do not end a pause that an older version kept as bounds', async () => {
    const { keeper } = await kept({ 'override.web': stored({ paused: true, minNodes: 3 }) });
    await keeper.apply(asked({ bounds: stored({ minNodes: 5 }) }));
    expect(keeper.lastKnown).toEqual([PAUSE, stored({ minNodes: 5 })]);
  });

  it('a reading that began before a request does not undo it, and brings what the request was not about', async () => {
    const { state, keeper } = await kept();
    await state.put('override.web', encodeStored(stored({ maxNodes: 7 })));
    let go = () => {};
    state.readsWait = new Promise((resolve) => {
      go = resolve;
    });
    const reading = keeper.refresh();
    state.readsWait = Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    await keeper.apply(asked({ pause: PAUSE }));
    go();
    await reading;
    expect(keeper.lastKnown).toEqual([PAUSE, stored({ maxNodes: 7 })]);
  });

  it('says what holds where only a part could be kept', async () => {
    const { state, keeper } = await kept();
    state.failing = 'override.';
    await expect(keeper.apply(asked({ pause: PAUSE, bounds: stored({ minNodes: 5 }) }))).rejects.toThrow(
      new StateUnavailableError('the pause holds as asked, the bounds do not: the bucket is away'),
    );
    expect(keeper.lastKnown).toEqual([PAUSE]);
    state.failing = 'pause.';
    await expect(keeper.apply(asked({ pause: PAUSE }))).rejects.toThrow(/^the bucket is away$/);
  });
});
