import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { NetworkOptions, QuantileDataset, SerialisedNetwork } from '../model/network.ts';
import { selectBackend } from './backend.ts';
import { DatasetError, TrainingDivergedError } from './errors.ts';
import { pinball } from './pinball.ts';
import { noisyLines, SMALL } from './synthetic.test-data.ts';
import { createTrainNetwork, trainNetwork } from './train.ts';

beforeAll(() => selectBackend('wasm'));

const train = (
  data: QuantileDataset,
  options: Partial<NetworkOptions> = {},
  warmStarts: readonly SerialisedNetwork[] = [],
) => trainNetwork(data, { ...SMALL, ...options }, warmStarts, () => {});

function lossOn(data: QuantileDataset, network: { predict(x: Float32Array, rows: number): Float32Array }): number {
  const { sum, terms } = pinball(network.predict(data.x, data.rows), data.y, SMALL.levels, null);
  return sum / terms;
}

test('training: the quantiles cover what they say, where the noise is small and where it is large', async () => {
  const levels = [0.1, 0.5, 0.9, 0.95];
  const network = await train(noisyLines(8_000, 3, 2, 11), { levels, hidden: [24], steps: 500, batch: 256 });
  const fresh = noisyLines(4_000, 3, 2, 12);
  const quantiles = network.predict(fresh.x, fresh.rows);
  for (const calm of [true, false]) {
    for (const [k, level] of levels.entries()) {
      let covered = 0;
      let count = 0;
      for (let i = 0; i < fresh.y.length; i++) {
        const size = Math.abs(fresh.x[Math.floor(i / 2) * 3] as number);
        if (size < 0.5 !== calm) continue;
        count++;
        if ((fresh.y[i] as number) <= (quantiles[i * levels.length + k] as number)) covered++;
      }
      expect(Math.abs(covered / count - level), `level ${level}, calm ${calm}`).toBeLessThan(0.03);
    }
  }
});

test('training: the same seed gives the same network to the bit, another seed another', async () => {
  const data = noisyLines(500, 6, 2, 1);
  const first = (await train(data)).serialise();
  expect((await train(data)).serialise()).toEqual(first);
  expect((await train(data, { seed: 2 })).serialise()).not.toEqual(first);
});

test('training: two at once do not disturb each other', async () => {
  const data = noisyLines(500, 6, 2, 1);
  const alone = (await train(data)).serialise();
  const together = await Promise.all([train(data), train(data)]);
  expect(together.map((network) => network.serialise())).toEqual([alone, alone]);
});

test('training: rows without any target are as if they were not there', async () => {
  const data = noisyLines(300, 4, 2, 9);
  const blank = { x: new Float32Array(50 * 4).fill(9), y: new Float32Array(50 * 2).fill(Number.NaN) };
  const padded = {
    ...data,
    rows: 350,
    x: Float32Array.of(...data.x, ...blank.x),
    y: Float32Array.of(...data.y, ...blank.y),
  };
  const network = await train(data, { validationShare: 0 });
  expect((await train(padded, { validationShare: 0 })).serialise()).toEqual(network.serialise());
});

test('training: an output that has no targets leaves the others learning', async () => {
  const data = noisyLines(1_000, 4, 2, 9);
  const network = await train({ ...data, y: data.y.map((value, i) => (i % 2 === 1 ? Number.NaN : value)) });
  const untrained = await train(data, { steps: 1 });
  const firstOnly = { ...data, y: data.y.map((value, i) => (i % 2 === 1 ? Number.NaN : value)) };
  expect(lossOn(firstOnly, network)).toBeLessThan(0.95 * lossOn(firstOnly, untrained));
});

test('training: a warm start goes on from where it was, and is never worse on the validation rows', async () => {
  const data = noisyLines(2_000, 8, 2, 3);
  const held = { ...data, rows: 400, x: data.x.subarray(1_600 * 8), y: data.y.subarray(1_600 * 2) };
  const first = await train(data, { steps: 150 });
  const cold = await train(data, { steps: 5 });
  const warm = await train(data, { steps: 5, seed: 2 }, [first.serialise()]);
  const ruined = await train(data, { steps: 20, learningRate: 10 }, [first.serialise()]);
  expect(lossOn(held, cold)).toBeGreaterThan(1.2 * lossOn(held, first));
  expect(lossOn(held, warm)).toBeLessThanOrEqual(lossOn(held, first));
  expect(ruined.serialise()).toEqual(first.serialise());
});

test('training: of several warm starts it goes on from the best', async () => {
  const data = noisyLines(2_000, 8, 2, 3);
  const good = (await train(data, { steps: 200 })).serialise();
  const poor = (await train(data, { steps: 1, learningRate: 1, validationShare: 0 })).serialise();
  const options = { steps: 5, seed: 2 };
  const fromGood = (await train(data, options, [good])).serialise();
  for (const starts of [
    [poor, good],
    [good, poor],
  ]) {
    expect((await train(data, options, starts)).serialise()).toEqual(fromGood);
  }
});

test('training: a warm start of another shape is left aside', async () => {
  const data = noisyLines(300, 5, 2, 3);
  const other = (await train(data, { hidden: [8] })).serialise();
  expect((await train(data, {}, [other])).serialise()).toEqual((await train(data)).serialise());
});

test('training: leaves no tensor behind, not even when it fails', async () => {
  const data = noisyLines(60, 3, 1, 1);
  const tiny = { hidden: [4], steps: 3, batch: 16 };
  await train(data, tiny);
  const before = memory();
  for (let i = 0; i < 40; i++) await train(data, tiny);
  await expect(train(data, { ...tiny, learningRate: 1e38 })).rejects.toThrow(TrainingDivergedError);
  const lastStep = { ...tiny, steps: 1, learningRate: Number.MAX_VALUE, validationShare: 0 };
  await expect(train(data, lastStep)).rejects.toThrow(TrainingDivergedError);
  expect(memory().numTensors).toBe(before.numTensors);
  expect(memory().numBytes).toBe(before.numBytes);
});

test('training: progress rises to the end, and timers get their turn', async () => {
  const seen: number[] = [];
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await trainNetwork(noisyLines(500, 20, 4, 1), { ...SMALL, validationShare: 0 }, [], (done, of) => {
    expect(of).toBe(60);
    seen.push(done);
  });
  clearInterval(timer);
  expect(seen).toHaveLength(20);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.at(-1)).toBe(60);
  expect(ticks).toBeGreaterThan(2);
});

/** A clock that a training reads once when it starts and once after each step: each reading is 10 ms later. */
function tenMsPerStep(): () => number {
  let nowMs = 5_000;
  return () => {
    nowMs += 10;
    return nowMs;
  };
}

test('training: ends when its time is up, with the best weights so far', async () => {
  const data = noisyLines(2_000, 8, 2, 3);
  const held = { ...data, rows: 400, x: data.x.subarray(1_600 * 8), y: data.y.subarray(1_600 * 2) };
  const progress: number[] = [];
  const timed = createTrainNetwork(tenMsPerStep());
  // Looks at the validation rows come every 15 of 300 steps: step 37 is between two of them.
  const options = { ...SMALL, steps: 300, budgetMs: 370 };
  const network = await timed(data, options, [], (done) => void progress.push(done));
  expect(progress).toEqual([15, 30, 300]);
  const untrained = await createTrainNetwork(tenMsPerStep())(data, { ...options, budgetMs: 1 }, [], () => {});
  expect(lossOn(held, network)).toBeLessThan(0.9 * lossOn(held, untrained));
  // Weights that got worse afterwards are not what remains.
  const ruined = { ...options, learningRate: 10 };
  const kept = await createTrainNetwork(tenMsPerStep())(data, ruined, [network.serialise()], () => {});
  expect(kept.serialise()).toEqual(network.serialise());
});

test('training: a budget that is not used up changes no bit', async () => {
  const data = noisyLines(500, 6, 2, 1);
  const free = (await train(data)).serialise();
  const ample = { ...SMALL, budgetMs: 10 * SMALL.steps + 10 };
  const network = await createTrainNetwork(tenMsPerStep())(data, ample, [], () => {});
  expect(network.serialise()).toEqual(free);
});

test('training: without a budget no clock is read', async () => {
  const clockless = createTrainNetwork(() => {
    throw new Error('read');
  });
  await clockless(noisyLines(60, 3, 1, 1), { ...SMALL, steps: 3 }, [], () => {});
});

test.each<[string, Partial<QuantileDataset>, Partial<NetworkOptions>]>([
  ['x', { x: new Float32Array(9) }, {}],
  ['x', { x: new Float32Array(30).fill(Number.NaN) }, {}],
  ['y', { y: new Float32Array(10).fill(Number.NaN) }, {}],
  ['rows', { rows: 0 }, {}],
  ['levels', {}, { levels: [0.9, 0.5] }],
  ['levels', {}, { levels: [0.5, 1] }],
  ['steps', {}, { steps: 1.5 }],
  ['budgetMs', {}, { budgetMs: 0 }],
  ['budgetMs', {}, { budgetMs: Number.NaN }],
  ['validationShare', {}, { validationShare: 1 }],
])('training: refuses by its name what it cannot train on: %s', async (field, data, options) => {
  const attempt = train({ ...noisyLines(10, 3, 1, 1), ...data }, options);
  await expect(attempt).rejects.toThrow(DatasetError);
  await expect(attempt).rejects.toMatchObject({ field });
});
