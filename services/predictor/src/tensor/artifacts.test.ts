import { seededRandom } from '@forescale/shared/time';
import { io, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { artifactsOf, artifactsOfNetwork, networkOf } from './artifacts.ts';
import { selectBackend } from './backend.ts';
import { encodeNetwork } from './codec.ts';
import { NetworkFormatError } from './errors.ts';
import { randomWeights } from './synthetic.test-data.ts';

const SHAPE = { inputs: 5, outputs: 2, levels: [0.5, 0.9], hidden: [4] };
const WEIGHTS = randomWeights(SHAPE, seededRandom(8));

beforeAll(() => selectBackend('wasm'));

test('artifacts: the weights are the bytes that TensorFlow.js itself writes', async () => {
  const { modelJson, weights } = artifactsOf(SHAPE, WEIGHTS);
  const specs = modelJson.weightsManifest.flatMap((group) => group.weights);
  const tensors = specs.map(({ name, shape }) => ({ name, tensor: tensor(WEIGHTS.get(name) ?? [], shape) }));
  const theirs = await io.encodeWeights(tensors);
  for (const each of tensors) each.tensor.dispose();
  expect(theirs.specs).toEqual(specs);
  expect(new Uint8Array(theirs.data as ArrayBuffer)).toEqual(Uint8Array.from(weights));
});

test('artifacts: a network comes back from its artefacts unchanged', () => {
  const network = encodeNetwork(SHAPE, WEIGHTS);
  const { modelJson, weights } = artifactsOfNetwork(network);
  expect(networkOf(JSON.parse(JSON.stringify(modelJson)), weights)).toEqual(network);
});

test('artifacts: weights of another length and foreign models are refused', () => {
  const { modelJson, weights } = artifactsOf(SHAPE, WEIGHTS);
  expect(() => networkOf(modelJson, weights.subarray(4))).toThrow(NetworkFormatError);
  expect(() => networkOf(modelJson, Buffer.concat([weights, Buffer.alloc(4)]))).toThrow(NetworkFormatError);
  expect(() => networkOf({ format: 'layers-model' }, weights)).toThrow(NetworkFormatError);
});
