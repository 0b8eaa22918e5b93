import { type Bus, createInProcessBus } from '@forescale/shared/bus';
import type { SeriesKey } from '@forescale/shared/domain';
import { StoreUnavailableError } from '@forescale/shared/store';
import type { Log } from '@forescale/shared/telemetry';
import { ManualClock } from '@forescale/shared/time';
import { streams, subjects, type TrainingRequest } from '@forescale/shared/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { TrainingQueue } from './training-queue.ts';

const START_MS = 1_000_000;
const TRAINING_MS = 1_000;
let clock: ManualClock;
let bus: Bus;
/** What was logged, as `[fields, text]` or the text alone. */
let lines: unknown[];
beforeEach(() => {
  clock = new ManualClock(START_MS);
  bus = createInProcessBus({ clock });
  lines = [];
});

const keyOf = (signal: number): SeriesKey => ({ kind: 'series', pool: 'web', signal: `s${signal}` });
const requestOf = (signal: number): TrainingRequest => ({
  key: keyOf(signal),
  reason: 'first',
  requestedMs: clock.nowMs(),
  knownVersion: null,
});

function queue(): TrainingQueue {
  const say = (...said: unknown[]) => void lines.push(said.length === 1 ? said[0] : said);
  const log = { warn: say, error: say } as unknown as Log;
  return new TrainingQueue({ bus, clock, log });
}

/** Lets everything run that does not wait for the clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function advance(ms: number, stepMs = 100): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.advanceTo(clock.nowMs() + stepMs);
    await settle();
  }
}

/** A predictor's trainings: each takes a second of virtual time, unless something is told to go wrong. */
class Trainings {
  readonly done: string[] = [];
  readonly begun: string[] = [];
  failing = new Set<string>();
  awayUntilMs = 0;

  readonly run = async ({ key }: TrainingRequest, signal: AbortSignal): Promise<void> => {
    const name = (key as SeriesKey).signal;
    this.begun.push(name);
    if (clock.nowMs() < this.awayUntilMs) throw new StoreUnavailableError('away');
    await clock.sleep(TRAINING_MS, signal);
    signal.throwIfAborted();
    if (this.failing.has(name)) throw new RangeError('nothing to learn from');
    this.done.push(name);
  };
}

describe('training queue', () => {
  it('a training is done once, however often it is asked for while it waits or runs', async () => {
    const [one, other] = [queue(), queue()];
    const trainings = new Trainings();
    await one.request(requestOf(1));
    clock.advanceTo(clock.nowMs() + 600_000);
    await other.request(requestOf(1));
    await one.work(1, trainings.run);
    await settle();
    await other.request(requestOf(1));
    expect(await other.isPending(keyOf(1))).toBe(true);
    await advance(TRAINING_MS);
    expect(await other.isPending(keyOf(1))).toBe(false);
    await other.request(requestOf(1));
    await advance(2 * TRAINING_MS);
    expect(trainings.done).toEqual(['s1', 's1']);
  });

  it('two that work share 1,000 evenly, each training done once, each worker one at a time', async () => {
    const [one, other] = [queue(), queue()];
    const [first, second] = [new Trainings(), new Trainings()];
    for (let i = 0; i < 1_000; i++) await one.request(requestOf(i));
    await one.work(1, first.run);
    await other.work(1, second.run);
    await advance(3 * TRAINING_MS, TRAINING_MS);
    expect([first.begun.length, second.begun.length]).toEqual([4, 4]);
    await advance(500 * TRAINING_MS, TRAINING_MS);
    expect(new Set([...first.done, ...second.done]).size).toBe(1_000);
    expect([first.done.length, second.done.length]).toEqual([500, 500]);
  });

  it('what a predictor that stops was at is done by another one', async () => {
    const [one, other] = [queue(), queue()];
    const [first, second] = [new Trainings(), new Trainings()];
    for (let i = 0; i < 5; i++) await one.request(requestOf(i));
    await one.work(2, first.run);
    await settle();
    expect(first.begun).toHaveLength(2);
    await other.work(1, second.run);
    await one.stop();
    await advance(10 * TRAINING_MS);
    expect(first.done).toEqual([]);
    expect(second.done.sort()).toEqual(['s0', 's1', 's2', 's3', 's4']);
  });

  it('one that fails three times is dropped with a line that names it, and holds nobody up', async () => {
    const one = queue();
    const trainings = new Trainings();
    trainings.failing.add('s0');
    for (let i = 0; i < 3; i++) await one.request(requestOf(i));
    await one.work(1, trainings.run);
    await advance(10 * TRAINING_MS);
    expect(trainings.done.sort()).toEqual(['s1', 's2']);
    expect(trainings.begun.filter((name) => name === 's0')).toHaveLength(3);
    expect(await one.isPending(keyOf(0))).toBe(false);
    expect(lines).toEqual([
      [expect.objectContaining({ model: 'series/web/s0', reason: 'first' }), expect.stringContaining('dropped')],
    ]);
    trainings.failing.clear();
    await one.request(requestOf(0));
    await advance(2 * TRAINING_MS);
    expect(trainings.done).toContain('s0');
  });

  it('one that ends the processes that try it is not tried for ever', async () => {
    const one = queue();
    await one.request(requestOf(0));
    const options = { stream: streams.training.name, durable: 'predictor', batch: 1, maxWaitMs: 0, ackWaitMs: 10_000 };
    let handed = 0;
    // To the queue they look like this: it was handed out, and never done.
    const dying = await bus.consume(options, async () => {
      handed++;
      throw new Error('died');
    });
    await advance(3_000);
    await dying.stop();
    expect(handed).toBe(5);
    const trainings = new Trainings();
    await one.work(1, trainings.run);
    await advance(60_000, 500);
    expect(trainings.begun).toEqual([]);
    expect(lines).toEqual([[expect.anything(), expect.stringContaining('training dropped, attempt 6')]]);
    expect(await one.isPending(keyOf(0))).toBe(false);
  });

  it('a store that is away is waited for: it is no attempt', async () => {
    const one = queue();
    const trainings = new Trainings();
    trainings.awayUntilMs = START_MS + 60_000;
    await one.request(requestOf(1));
    await one.work(1, trainings.run);
    await advance(70_000, 500);
    expect(trainings.done).toEqual(['s1']);
    expect(trainings.begun.length).toBeGreaterThan(5);
    expect(lines).toEqual([]);
  });

  it('whoever waits for a training is told when it is done, has failed, or was done before', async () => {
    const one = queue();
    const trainings = new Trainings();
    trainings.failing.add('s1');
    const ended: number[] = [];
    for (const i of [0, 1]) void one.requestAndWait(requestOf(i)).then(() => ended.push(i));
    await one.work(2, trainings.run);
    await settle();
    expect(ended).toEqual([]);
    await advance(TRAINING_MS);
    expect(ended.sort()).toEqual([0, 1]);
    // The same request again, within the time in which its id is known: nothing is left to be done.
    await one.requestAndWait({ ...requestOf(0), requestedMs: START_MS });
    expect(trainings.done).toEqual(['s0']);
  });

  it('what is no training is refused with a line, and gone', async () => {
    const one = queue();
    await one.work(1, new Trainings().run);
    await bus.publishDurable('forescale.v1.training.series.web.x', new TextEncoder().encode('{'));
    await settle();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('training refused: forescale.v1.training.series.web.x: payload: not JSON');
    expect(
      await bus.last(streams.training.name, subjects.training({ kind: 'series', pool: 'web', signal: 'x' })),
    ).toBeNull();
  });
});
