import { seededRandom } from '@forescale/shared/time';
import { io, type Tensor, tensor, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, test } from 'vitest';
import { artifactsOf, artifactsOfNetwork, networkOf } from './artifacts.ts';
import { selectBackend } from './backend.ts';
import { encodeNetwork } from './codec.ts';
import { NetworkFormatError } from './errors.ts';
import { randomWeights } from './synthetic.test-data.ts';
import { TensorNetwork } from './tensor-network.ts';

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

test('artifacts: TensorFlow.js loads them as a model, which computes what the network does', async () => {
  const { modelJson, weights } = artifactsOf(SHAPE, WEIGHTS);
  const weightSpecs = modelJson.weightsManifest.flatMap((group) => group.weights);
  const weightData = Uint8Array.from(weights).buffer; // not slice(): a Buffer shares its pool
  const model = await loadLayersModel(
    io.fromMemory({ modelTopology: modelJson.modelTopology, weightSpecs, weightData }),
  );
  const network = new TensorNetwork(SHAPE, WEIGHTS);
  const random = seededRandom(9);
  const x = Float32Array.from({ length: 3 * SHAPE.inputs }, () => random.normal());
  const theirs = tidy(() => (model.apply(tensor2d(x, [3, SHAPE.inputs])) as Tensor).dataSync<'float32'>());
  const ours = network.raw(x, 3);
  expect(theirs).toHaveLength(3 * SHAPE.outputs * SHAPE.levels.length);
  for (const [i, value] of theirs.entries()) expect(ours[i]).toBeCloseTo(value, 5);
  network.dispose();
  model.dispose();
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
