import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TrainedModel } from '../model/trained-model.ts';
import { ModelNotFoundError } from './errors.ts';
import { ModelRegistry } from './registry.ts';

const KEY = { pool: 'web', signal: 'cpu' };
let directory: string;
let registry: ModelRegistry;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'forescale-models-'));
  registry = new ModelRegistry(directory);
});
afterEach(() => rm(directory, { recursive: true }));

/** A model with a network of one input, one output and one level, whose weights are all `weight`. */
function modelOf(weight: number): TrainedModel {
  const tensor = (name: string, shape: number[]) => {
    const data = Buffer.alloc(4);
    data.writeFloatLE(weight);
    return { name, shape, data: data.toString('base64') };
  };
  return {
    format: 'forescale-model-1',
    stepMs: 300_000,
    horizon: 12,
    logOffset: weight,
    unseenFromCell: 7,
    network: {
      format: 'quantile-mlp-1',
      inputs: 1,
      outputs: 1,
      levels: [0.5],
      hidden: [],
      tensors: [tensor('head/kernel', [1, 1]), tensor('head/bias', [1]), tensor('skip/kernel', [1, 1])],
    },
  };
}

const path = (...parts: string[]) => join(directory, KEY.pool, KEY.signal, ...parts);

async function saveAll(...weights: number[]): Promise<void> {
  for (const weight of weights) await registry.save(KEY, modelOf(weight), 1_000 * weight);
}

test('registry: a model is the same after a restart', async () => {
  expect(await registry.save(KEY, modelOf(0.5), 42)).toBe(1);
  const { registered, refused } = await new ModelRegistry(directory).load(KEY);
  expect(registered).toEqual({ version: 1, savedMs: 42, model: modelOf(0.5) });
  expect(refused).toEqual([]);
  expect((await readdir(path('1'))).sort()).toEqual(['manifest.json', 'model.json', 'state.json', 'weights.bin']);
});

test('registry: a model without a network is kept too', async () => {
  const model = { ...modelOf(1), network: null };
  await registry.save(KEY, model, 1);
  expect((await registry.load(KEY)).registered?.model).toEqual(model);
});

test('registry: nothing saved is no model, not an error', async () => {
  expect(await registry.load(KEY)).toEqual({ registered: null, refused: [] });
  expect(await registry.keys()).toEqual([]);
});

test('registry: the last three versions are kept', async () => {
  await saveAll(1, 2, 3, 4, 5);
  expect(await registry.versions(KEY)).toEqual([5, 4, 3]);
  expect((await registry.load(KEY)).registered?.model.logOffset).toBe(5);
});

test.each<[string, RegExp, () => Promise<void>]>([
  ['weights cut short', /weights.bin: 8 bytes that are not/, () => truncate(path('2', 'weights.bin'), 8)],
  ['a changed state', /state.json: \d+ bytes that are not/, () => writeFile(path('2', 'state.json'), '{}')],
  ['a manifest that is no JSON', /manifest.json: is not JSON/, () => writeFile(path('2', 'manifest.json'), '{"fo')],
  ['a file gone', /model.json: cannot be read/, () => rm(path('2', 'model.json'))],
])('registry: %s is refused with a line that says so, and the version before is taken', async (_, why, damage) => {
  await saveAll(1, 2);
  await damage();
  const { registered, refused } = await registry.load(KEY);
  expect(registered?.version).toBe(1);
  expect(refused).toEqual([{ version: 2, why: expect.stringMatching(why) }]);
  expect(refused[0]?.why).toMatch(/^model web\/cpu version 2 refused: /);
});

test('registry: a single flipped bit of the weights is noticed', async () => {
  await saveAll(1);
  const bytes = await readFile(path('1', 'weights.bin'));
  bytes[2] = (bytes[2] ?? 0) ^ 1;
  await writeFile(path('1', 'weights.bin'), bytes);
  const { registered, refused } = await registry.load(KEY);
  expect(registered).toBeNull();
  expect(refused).toHaveLength(1);
});

test('registry: after a rollback newer versions are not used, and their numbers not given again', async () => {
  await saveAll(1, 2, 3);
  await registry.rollback(KEY, 1);
  expect((await registry.load(KEY)).registered?.version).toBe(1);
  expect(await registry.save(KEY, modelOf(4), 4)).toBe(4);
  expect(await registry.versions(KEY)).toEqual([4, 1]);
  await expect(registry.rollback(KEY, 3)).rejects.toThrow(ModelNotFoundError);
});

test('registry: what a crash left half-written is not a version, and is swept up', async () => {
  await saveAll(1);
  await mkdir(path('.draft-x1y2'));
  await writeFile(path('.draft-x1y2', 'state.json'), '{');
  expect(await registry.versions(KEY)).toEqual([1]);
  await saveAll(2);
  expect((await readdir(path())).sort()).toEqual(['1', '2']);
});

test('registry: lists whose models it has', async () => {
  await registry.save({ pool: 'web', signal: 'rps' }, modelOf(1), 1);
  await registry.save({ pool: 'batch', signal: 'cpu' }, modelOf(1), 1);
  await writeFile(join(directory, 'note'), '');
  expect(await registry.keys()).toEqual([
    { pool: 'batch', signal: 'cpu' },
    { pool: 'web', signal: 'rps' },
  ]);
});

test('registry: a name that could leave the directory is refused', async () => {
  await expect(registry.load({ pool: '..', signal: 'cpu' })).rejects.toThrow(RangeError);
});
