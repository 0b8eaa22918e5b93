import { seededRandom } from '@forescale/shared/time';
import { fused, matMul, type Tensor, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { standardDeviation } from 'simple-statistics';
import { expect, test } from 'vitest';
import { type BackendName, currentBackend, selectBackend } from './backend.ts';
import { decodeNetwork } from './codec.ts';
import { pinball } from './pinball.ts';
import { noisyLines, SMALL } from './synthetic.test-data.ts';
import { TensorNetwork } from './tensor-network.ts';
import { trainNetwork } from './train.ts';

const BOTH: readonly BackendName[] = ['wasm', 'cpu'];

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] as number))), 0);
}

async function onBoth(compute: () => Promise<Float32Array> | Float32Array): Promise<[Float32Array, Float32Array]> {
  const results: Float32Array[] = [];
  for (const name of BOTH) {
    expect((await selectBackend(name)).name).toBe(name);
    results.push(await compute());
  }
  return results as [Float32Array, Float32Array];
}

test('backend: WebAssembly where native TensorFlow is absent, and the reason says so', async () => {
  const backend = await selectBackend('auto');
  if (backend.name === 'tensorflow') return; // this machine has it
  expect(backend.name).toBe('wasm');
  expect(backend.reason).toMatch(/^WebAssembly with SIMD; no tensorflow: /);
});

test('backend: the choice stands until another is asked for', async () => {
  const cpu = await selectBackend('cpu');
  expect(await currentBackend()).toBe(cpu);
  expect(await selectBackend('cpu')).toBe(cpu);
});

test.each([
  [false, false],
  [true, false],
  [false, true],
  [true, true],
])(
  'backend: products with transposeA %s, transposeB %s agree with plain JavaScript',
  async (transposeA, transposeB) => {
    const random = seededRandom(2);
    const values = (length: number) => Float32Array.from({ length }, () => random.normal());
    const [a, b, bias] = [values(30 * 70), values(70 * 50), values(50)];
    const product = (multiply: (a: Tensor, b: Tensor) => Tensor) =>
      tidy(() =>
        multiply(
          transposeA ? tensor2d(a, [70, 30]) : tensor2d(a, [30, 70]),
          transposeB ? tensor2d(b, [50, 70]) : tensor2d(b, [70, 50]),
        ).dataSync<'float32'>(),
      );
    const [plainWasm, plainCpu] = await onBoth(() => product((x, y) => matMul(x, y, transposeA, transposeB)));
    expect(largestDifference(plainWasm, plainCpu)).toBeLessThan(1e-4);
    const [fusedWasm, fusedCpu] = await onBoth(() =>
      product((x, y) => fused.matMul({ a: x, b: y, transposeA, transposeB, bias: tensor1d(bias), activation: 'relu' })),
    );
    expect(largestDifference(fusedWasm, fusedCpu)).toBeLessThan(1e-4);
  },
);

/** Trained the same way on a backend: its mean pinball loss, and its quantiles as plain loops and as tensors give them. */
async function trainedOn(name: BackendName, seed: number) {
  expect((await selectBackend(name)).name).toBe(name);
  const data = noisyLines(400, 12, 4, seed);
  const network = await trainNetwork(data, { ...SMALL, seed }, [], () => {});
  const quantiles = network.predict(data.x, data.rows);
  const saved = network.serialise();
  const tensors = new TensorNetwork(saved, decodeNetwork(saved));
  const byTensors = tensors.raw(data.x, data.rows);
  tensors.dispose();
  for (let at = 0; at < byTensors.length; at += SMALL.levels.length)
    byTensors.subarray(at, at + SMALL.levels.length).sort();
  const { sum, terms } = pinball(quantiles, data.y, SMALL.levels, null);
  return { loss: sum / terms, quantiles, byTensors, scale: standardDeviation([...data.y]) };
}

/** Differences are in shares of how far the targets spread. */
async function expectSameAs(reference: BackendName, other: BackendName, seed: number) {
  const a = await trainedOn(reference, seed);
  const b = await trainedOn(other, seed);
  for (const one of [a, b]) expect(largestDifference(one.quantiles, one.byTensors) / one.scale).toBeLessThan(1e-5);
  expect(Math.abs(a.loss - b.loss) / a.scale).toBeLessThan(1e-3);
  expect(largestDifference(a.quantiles, b.quantiles) / a.scale).toBeLessThan(1e-3);
}

test.each([6, 7, 8])(
  'backend: WebAssembly, plain JavaScript and plain loops: the same network within 1e-3 (seed %i)',
  (seed) => expectSameAs('wasm', 'cpu', seed),
);

const native = await selectBackend('tensorflow');
const isNative = native.name === 'tensorflow';
test.skipIf(!isNative)(
  `backend: native TensorFlow, plain JavaScript and plain loops: the same network within 1e-3 (${native.reason})`,
  () => expectSameAs('tensorflow', 'cpu', 6),
);
