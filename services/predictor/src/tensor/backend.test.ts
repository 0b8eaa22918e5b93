import { seededRandom } from '@forescale/shared/time';
import { fused, matMul, type Tensor, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { type BackendName, currentBackend, selectBackend } from './backend.ts';
import { noisyLines, SMALL } from './synthetic.test-data.ts';
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

test('backend: networks trained by WebAssembly and by plain JavaScript agree within 1e-3', async () => {
  const data = noisyLines(400, 12, 4, 6);
  const [wasm, cpu] = await onBoth(async () => {
    const network = await trainNetwork(data, SMALL, [], () => {});
    return network.predict(data.x, data.rows);
  });
  expect(largestDifference(wasm, cpu)).toBeLessThan(1e-3);
});
