import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryState } from '@forescale/shared/state';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { createFileModelStore } from './file-model-store.ts';
import { describeModelStore, KEY, modelOf } from './model-store.conformance.ts';
import type { ModelStore } from './model-store.ts';
import { createStateModelStore } from './state-model-store.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'forescale-models-'));
});
afterEach(() => rm(directory, { recursive: true }));

describeModelStore('directory', async () => {
  const store = createFileModelStore(directory);
  return async () => store;
});
describeModelStore('bucket', async () => {
  const state = createMemoryState();
  return async () => createStateModelStore(state);
});

const path = (...parts: string[]) => join(directory, 'series', KEY.pool, KEY.signal, ...parts);

async function saveAll(store: ModelStore, ...weights: number[]): Promise<void> {
  for (const weight of weights) await store.save(KEY, modelOf(weight), { savedMs: 1_000 * weight, cells: 1 });
}

describe('models in a directory', () => {
  let store: ModelStore;
  beforeEach(() => {
    store = createFileModelStore(directory);
  });

  it('lie there as TensorFlow.js saves them', async () => {
    await saveAll(store, 1);
    expect((await readdir(path('1'))).sort()).toEqual(['manifest.json', 'model.json', 'state.json', 'weights.bin']);
  });

  test.each<[string, RegExp, () => Promise<void>]>([
    ['weights cut short', /weights.bin: 8 bytes that are not/, () => truncate(path('2', 'weights.bin'), 8)],
    ['a changed state', /state.json: \d+ bytes that are not/, () => writeFile(path('2', 'state.json'), '{}')],
    ['a manifest that is no JSON', /manifest.json: is not JSON/, () => writeFile(path('2', 'manifest.json'), '{"fo')],
    ['a file gone', /model.json: cannot be read/, () => rm(path('2', 'model.json'))],
  ])('%s is refused with a line that says so, and the version before is taken', async (_, why, damage) => {
    await saveAll(store, 1, 2);
    await damage();
    const { registered, refused } = await store.load(KEY);
    expect(registered?.version).toBe(1);
    expect(refused).toEqual([{ version: 2, why: expect.stringMatching(why) }]);
    expect(refused[0]?.why).toMatch(/^model series\/web\/cpu version 2 refused: /);
  });

  it('a single flipped bit of the weights is noticed', async () => {
    await saveAll(store, 1);
    const bytes = await readFile(path('1', 'weights.bin'));
    bytes[2] = (bytes[2] ?? 0) ^ 1;
    await writeFile(path('1', 'weights.bin'), bytes);
    const { registered, refused } = await store.load(KEY);
    expect(registered).toBeNull();
    expect(refused).toHaveLength(1);
  });

  it('what a crash left half-written is not a version, and is swept up', async () => {
    await saveAll(store, 1);
    await mkdir(path('.draft-x1y2'));
    await writeFile(path('.draft-x1y2', 'state.json'), '{');
    expect(await store.versions(KEY)).toEqual([1]);
    await saveAll(store, 2);
    expect((await readdir(path())).sort()).toEqual(['1', '2']);
  });

  it('what is no model beside them does no harm', async () => {
    await saveAll(store, 1);
    await writeFile(join(directory, 'series', 'note'), '');
    expect(await store.keys()).toEqual([KEY]);
  });
});

describe('models in a bucket', () => {
  it('leave nothing behind but the versions that are kept', async () => {
    const state = createMemoryState();
    const store = createStateModelStore(state);
    await saveAll(store, 1, 2, 3, 4, 5, 6);
    expect(await state.keys('parts.')).toHaveLength(3);
    expect(await state.keys('series.')).toEqual(['series.web.cpu.versions']);
  });

  it('a part that is gone, or changed, is refused, and the version before is taken', async () => {
    const state = createMemoryState();
    const store = createStateModelStore(state);
    await saveAll(store, 1);
    const [first] = await state.keys('parts.');
    await saveAll(store, 2, 3);
    const [second = '', third = ''] = (await state.keys('parts.')).filter((key) => key !== first);
    await state.delete(second);
    await state.put(third, new Uint8Array(12));
    const { registered, refused } = await store.load(KEY);
    expect(registered?.version).toBe(1);
    expect(refused.map(({ version }) => version)).toEqual([3, 2]);
  });

  it('an entry that nobody can read counts as none, and the next model takes its place', async () => {
    const state = createMemoryState();
    const store = createStateModelStore(state);
    for (const text of ['{', '{"format":"other"}', '{"format":"forescale-model-versions-1","versions":[{}]}']) {
      await state.put('series.web.cpu.versions', new TextEncoder().encode(text));
      expect(await store.load(KEY)).toEqual({ registered: null, refused: [] });
    }
    await saveAll(store, 1);
    expect((await store.load(KEY)).registered?.version).toBe(1);
  });
});
