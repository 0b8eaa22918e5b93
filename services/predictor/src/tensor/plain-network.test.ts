import { seededRandom } from '@forescale/shared/time';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { SerialisedNetwork } from '../model/network.ts';
import { selectBackend } from './backend.ts';
import { NetworkFormatError } from './errors.ts';
import { loadNetwork, plainNetwork } from './plain-network.ts';
import { randomWeights } from './synthetic.test-data.ts';
import { TensorNetwork } from './tensor-network.ts';

const SHAPE = { inputs: 7, outputs: 3, levels: [0.1, 0.5, 0.9, 0.99], hidden: [9, 5] };

beforeAll(() => selectBackend('wasm'));

test('plain network: quantiles never cross, whatever weights and inputs', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.constantFrom([], [4], [6, 6]),
      fc.integer({ min: 1, max: 5 }),
      (seed, hidden, rows) => {
        const random = seededRandom(seed);
        const shape = { ...SHAPE, hidden };
        const x = Float32Array.from({ length: rows * SHAPE.inputs }, () => 8 * random.normal());
        const quantiles = plainNetwork(shape, randomWeights(shape, random)).predict(x, rows);
        expect(quantiles).toHaveLength(rows * 3 * 4);
        for (let i = 0; i < quantiles.length; i++) {
          if (i % 4 > 0) expect(quantiles[i]).toBeGreaterThanOrEqual(quantiles[i - 1] as number);
        }
      },
    ),
  );
});

test.each([[[]], [[8]], [[128, 128]]])(
  'plain network: predicts what the tensors of hidden layers %j do',
  async (hidden) => {
    const random = seededRandom(3);
    const shape = { ...SHAPE, hidden };
    const weights = randomWeights(shape, random);
    const x = Float32Array.from({ length: 20 * SHAPE.inputs }, () => random.normal());
    const tensors = new TensorNetwork(shape, weights);
    const raw = tensors.raw(x, 20);
    tensors.dispose();
    for (let at = 0; at < raw.length; at += 4) raw.subarray(at, at + 4).sort();
    const scale = Math.max(...raw.map(Math.abs));
    for (const [i, value] of plainNetwork(shape, weights).predict(x, 20).entries()) {
      expect(Math.abs(value - (raw[i] as number)) / scale).toBeLessThan(1e-5);
    }
  },
);

test('plain network: a network that went through JSON predicts the same to the bit', () => {
  const random = seededRandom(4);
  const network = plainNetwork(SHAPE, randomWeights(SHAPE, random));
  const x = Float32Array.from({ length: SHAPE.inputs }, () => random.normal());
  const copy = loadNetwork(JSON.parse(JSON.stringify(network.serialise())) as SerialisedNetwork);
  expect(copy.predict(x, 1)).toEqual(network.predict(x, 1));
  expect(copy.serialise()).toEqual(network.serialise());
});

test('plain network: a damaged network is refused by the name of the damage', () => {
  const good = plainNetwork(SHAPE, randomWeights(SHAPE, seededRandom(4))).serialise();
  const [first, ...rest] = good.tensors;
  if (!first) throw new Error('a network has tensors');
  const refused = (bad: object, why: RegExp) => {
    const load = () => loadNetwork({ ...good, ...bad });
    expect(load).toThrow(NetworkFormatError);
    expect(load).toThrow(why);
  };
  refused({ format: 'quantile-mlp-9' }, /unknown format quantile-mlp-9/);
  refused({ tensors: rest }, /hidden0\/kernel is absent/);
  refused({ tensors: [{ ...first, data: first.data.slice(0, 80) }, ...rest] }, /60 bytes instead of 252/);
  const notANumber = Buffer.alloc(252, 0xff).toString('base64');
  refused({ tensors: [{ ...first, data: notANumber }, ...rest] }, /not finite/);
});

test('plain network: inputs of another length are refused', () => {
  const network = plainNetwork(SHAPE, randomWeights(SHAPE, seededRandom(4)));
  expect(() => network.predict(new Float32Array(6), 1)).toThrow(RangeError);
});
