import { describe, expect, it } from 'vitest';
import { ManualClock } from '../time/index.ts';
import type { StreamConfig } from './bus.ts';
import { describeBus } from './conformance.ts';
import { createInProcessBus } from './in-process-bus.ts';

describeBus('in-process', async (onError) => createInProcessBus({ onError }));

const bytes = (text: string) => new TextEncoder().encode(text);
const STREAM: StreamConfig = { name: 'S', subjects: ['s.>'], keep: 'all', maxAgeMs: 600_000, maxBytes: 1_000_000 };

/** Lets everything run that does not wait for the clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function setUp(config: Partial<StreamConfig> = {}) {
  const clock = new ManualClock(1_000_000);
  const errors: string[] = [];
  const bus = createInProcessBus({ clock, onError: (error) => errors.push(error.message) });
  await bus.ensureStream({ ...STREAM, ...config });
  const batches: string[][] = [];
  let failing = false;
  const consume = (overrides = {}) =>
    bus.consume(
      { stream: 'S', durable: 'd', batch: 3, maxWaitMs: 1_000, ackWaitMs: 30_000, ...overrides },
      async (batch) => {
        batches.push(batch.map(({ data }) => new TextDecoder().decode(data)));
        if (failing) throw new Error('refused');
      },
    );
  const advance = async (ms: number) => {
    clock.advanceTo(clock.nowMs() + ms);
    await settle();
  };
  const fail = (on: boolean) => {
    failing = on;
  };
  return { bus, batches, errors, consume, advance, fail };
}

describe('in-process bus: on its clock', () => {
  it('a batch is handed over when it is full, or when its first message is old enough', async () => {
    const { bus, batches, consume, advance } = await setUp();
    await consume();
    await bus.publishDurable('s.a', bytes('1'));
    await settle();
    await advance(500);
    await bus.publishDurable('s.a', bytes('2'));
    await advance(499);
    expect(batches).toEqual([]);
    await advance(1);
    expect(batches).toEqual([['1', '2']]);
    for (const word of ['3', '4', '5']) await bus.publishDurable('s.a', bytes(word));
    await settle();
    expect(batches).toEqual([
      ['1', '2'],
      ['3', '4', '5'],
    ]);
    await bus.close();
  });

  it('a rejected batch comes again after 0.1, 0.2, 0.4 … 30 s', async () => {
    const { bus, batches, errors, consume, advance, fail } = await setUp();
    fail(true);
    await consume({ batch: 1 });
    await bus.publishDurable('s.a', bytes('x'));
    await settle();
    for (const waitMs of [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]) {
      const before = batches.length;
      await advance(waitMs - 1);
      expect(batches.length).toBe(before);
      await advance(1);
      expect(batches.length).toBe(before + 1);
    }
    expect(errors).toHaveLength(12);
    await bus.close();
  });

  it('a handler that fails whatever it gets does not fail its way through the stream', async () => {
    const { bus, batches, consume, advance, fail } = await setUp();
    fail(true);
    for (let i = 0; i < 100; i++) await bus.publishDurable('s.a', bytes(`${i}`));
    await consume({ batch: 1 });
    await advance(0);
    expect(batches).toHaveLength(1);
    await advance(100);
    await advance(200);
    expect(batches).toHaveLength(3);
    fail(false);
    for (let i = 0; i < 40; i++) await advance(100);
    expect(new Set(batches.slice(3).flat()).size).toBe(100);
    await bus.close();
  });

  it('messages that are too old are gone, for consumers and for last', async () => {
    const { bus, batches, consume, advance } = await setUp();
    await bus.publishDurable('s.a', bytes('old'));
    await advance(400_000);
    await bus.publishDurable('s.b', bytes('new'));
    await advance(200_001);
    expect(await bus.last('S', 's.a')).toBeNull();
    expect(await bus.last('S', 's.b')).not.toBeNull();
    await consume({ maxWaitMs: 0 });
    await settle();
    expect(batches).toEqual([['new']]);
    await bus.close();
  });

  it('an id is known for two minutes', async () => {
    const { bus, batches, consume, advance } = await setUp();
    await bus.publishDurable('s.a', bytes('1'), 'id');
    await advance(119_999);
    await bus.publishDurable('s.a', bytes('2'), 'id');
    await advance(1);
    await bus.publishDurable('s.a', bytes('3'), 'id');
    await consume({ maxWaitMs: 0 });
    await settle();
    expect(batches).toEqual([['1', '3']]);
    await bus.close();
  });

  it('a stream that keeps the last of each subject hands over no more than that', async () => {
    const { bus, batches, consume } = await setUp({ keep: 'last' });
    for (let i = 0; i < 1_000; i++) await bus.publishDurable(`s.${i % 2}`, bytes(`${i}`));
    await bus.publishDurable('s.rare', bytes('rare'));
    for (let i = 0; i < 1_000; i++) await bus.publishDurable('s.0', bytes(`again ${i}`));
    await consume();
    await settle();
    expect(batches).toEqual([['999', 'rare', 'again 999']]);
    await bus.close();
  });

  it('a listener that is too far behind misses the newest, and is told so', async () => {
    const { bus, errors } = await setUp();
    const { promise: busy, resolve: finish } = Promise.withResolvers<void>();
    let heard = 0;
    await bus.subscribe('live', async () => {
      heard++;
      await busy;
    });
    for (let i = 0; i < 10_100; i++) await bus.publish('live', bytes(`${i}`));
    finish();
    await settle();
    expect(heard).toBe(10_000);
    expect(errors).toEqual([
      expect.stringMatching(/10000 messages wait/),
      expect.stringMatching(/100 messages were dropped/),
    ]);
    await bus.close();
  });
});
