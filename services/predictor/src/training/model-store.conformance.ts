import type { ModelKey, SeriesKey } from '@forescale/shared/domain';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ClusterModel } from '../model/cluster-model.ts';
import type { TrainedModel } from '../model/trained-model.ts';
import { ModelNotFoundError } from './errors.ts';
import type { ModelStore } from './model-store.ts';

export const KEY: SeriesKey = { kind: 'series', pool: 'web', signal: 'cpu' };

/** A model with a network of one level, without hidden layers, whose weights are all `weight`. */
export function modelOf(weight: number, inputs = 1, outputs = 1): TrainedModel {
  return {
    format: 'forescale-model-1',
    stepMs: 300_000,
    horizon: 12,
    logOffset: weight,
    unseenFromCell: 7,
    network: networkOf(inputs, weight, outputs),
  };
}

function networkOf(inputs: number, weight: number, outputs = 1) {
  const tensor = (name: string, shape: readonly number[]) => {
    const data = Buffer.alloc(4 * shape.reduce((product, side) => product * side, 1));
    for (let at = 0; at < data.length; at += 4) data.writeFloatLE(weight, at);
    return { name, shape, data: data.toString('base64') };
  };
  return {
    format: 'quantile-mlp-1' as const,
    inputs,
    outputs,
    levels: [0.5],
    hidden: [],
    tensors: [
      tensor('head/kernel', [inputs, outputs]),
      tensor('head/bias', [outputs]),
      tensor('skip/kernel', [inputs, outputs]),
    ],
  };
}

/** What every store of models must do. `open` gives another handle on the same, at first empty, place. */
export function describeModelStore(name: string, fresh: () => Promise<() => Promise<ModelStore>>): void {
  describe(`${name}: models`, () => {
    let open: () => Promise<ModelStore>;
    let store: ModelStore;
    beforeEach(async () => {
      open = await fresh();
      store = await open();
    });
    const saveAll = async (...weights: number[]) => {
      for (const weight of weights) await store.save(KEY, modelOf(weight), { savedMs: 1_000 * weight, cells: 10 });
    };

    it('a model is the same for who opens the store later', async () => {
      expect(await store.save(KEY, modelOf(0.5), { savedMs: 42, cells: 288 })).toBe(1);
      const other = await open();
      const facts = { version: 1, savedMs: 42, cells: 288 };
      expect(await other.load(KEY)).toEqual({ registered: { ...facts, model: modelOf(0.5) }, refused: [] });
      expect(await other.newest(KEY)).toEqual(facts);
    });

    it('a model without a network is kept too, and so is that of a cluster', async () => {
      const model = { ...modelOf(1), network: null };
      await store.save(KEY, model, { savedMs: 1, cells: 1 });
      expect((await store.load(KEY)).registered?.model).toEqual(model);
      const key: ModelKey = { kind: 'cluster', stepMs: 300_000, horizon: 14 };
      const shared: ClusterModel = {
        format: 'forescale-cluster-model-1',
        stepMs: 300_000,
        horizon: 14,
        network: networkOf(1, 3),
        unseenFromCell: 5,
        series: 9,
        rows: 999,
      };
      await store.save(key, shared, { savedMs: 1, cells: 1 });
      expect((await store.load(key)).registered?.model).toEqual(shared);
    });

    it('a network of more than one value of a bucket comes back to the last bit', async () => {
      const model = { ...modelOf(1), network: networkOf(300_000, 0.1) };
      await store.save(KEY, model, { savedMs: 1, cells: 1 });
      expect((await (await open()).load(KEY)).registered?.model).toEqual(model);
    });

    it('nothing saved is no model, not an error', async () => {
      expect(await store.load(KEY)).toEqual({ registered: null, refused: [] });
      expect(await store.newest(KEY)).toBeNull();
      expect(await store.versions(KEY)).toEqual([]);
      expect(await store.keys()).toEqual([]);
    });

    it('the last three versions are kept', async () => {
      await saveAll(1, 2, 3, 4, 5);
      expect(await store.versions(KEY)).toEqual([5, 4, 3]);
      expect((await store.load(KEY)).registered?.model.logOffset).toBe(5);
    });

    it('of many that save at once each gets a version of its own, and the newest is whole', async () => {
      const stores = [store, await open(), store, await open(), store];
      const saving = stores.map((one, i) => one.save(KEY, modelOf(i), { savedMs: i, cells: i }));
      expect((await Promise.all(saving)).sort()).toEqual([1, 2, 3, 4, 5]);
      const { registered, refused } = await store.load(KEY);
      expect([registered?.version, registered?.model.logOffset, refused]).toEqual([5, registered?.savedMs, []]);
    });

    it('a rollback leaves what came after the version that was judged', async () => {
      await saveAll(1, 2, 3);
      await store.rollback(KEY, 1, 2);
      expect(await store.versions(KEY)).toEqual([3, 1]);
      expect((await store.load(KEY)).registered?.version).toBe(3);
    });

    it('after a rollback newer versions are not used, and their numbers not given again', async () => {
      await saveAll(1, 2, 3);
      await store.rollback(KEY, 1, 3);
      expect((await store.load(KEY)).registered?.version).toBe(1);
      expect((await store.newest(KEY))?.savedMs).toBe(1_000);
      expect(await store.save(KEY, modelOf(4), { savedMs: 4, cells: 4 })).toBe(4);
      expect(await store.versions(KEY)).toEqual([4, 1]);
      await expect(store.rollback(KEY, 3, 4)).rejects.toThrow(ModelNotFoundError);
    });

    it('lists whose models it has', async () => {
      const keys: SeriesKey[] = [
        { kind: 'series', pool: 'batch', signal: 'cpu' },
        { kind: 'series', pool: 'web', signal: 'rps' },
      ];
      for (const key of keys.toReversed()) await store.save(key, modelOf(1), { savedMs: 1, cells: 1 });
      expect(await store.keys()).toEqual(keys);
    });

    it('a name that could leave its place is refused', async () => {
      await expect(store.load({ ...KEY, pool: '..' })).rejects.toThrow(RangeError);
    });
  });
}
