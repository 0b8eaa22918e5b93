import { type Random, seededRandom } from '@forescale/shared/time';
import type { NetworkOptions, QuantileDataset } from '../model/network.ts';
import { type NetworkShape, sizeOf, type Weights, weightSpecs } from './weights.ts';

/** Targets `slope · x_o + (1 + |x_0|) · normal`: a noise whose size depends on the first input. */
export function noisyLines(rows: number, inputs: number, outputs: number, seed: number): QuantileDataset {
  const random = seededRandom(seed);
  const x = Float32Array.from({ length: rows * inputs }, () => 2 * random.next() - 1);
  const y = new Float32Array(rows * outputs);
  for (let i = 0; i < y.length; i++) {
    const row = Math.floor(i / outputs);
    const own = x[row * inputs + (i % outputs)] as number;
    y[i] = 2 * own + (1 + Math.abs(x[row * inputs] as number)) * random.normal();
  }
  return { rows, inputs, outputs, x, y };
}

export const SMALL: NetworkOptions = {
  levels: [0.1, 0.5, 0.9],
  hidden: [16, 16],
  steps: 60,
  budgetMs: null,
  batch: 64,
  learningRate: 5e-3,
  seed: 1,
  validationShare: 0.2,
};

export function randomWeights(shape: NetworkShape, random: Random): Weights {
  return new Map(
    weightSpecs(shape).map((spec) => [spec.name, Float32Array.from({ length: sizeOf(spec) }, () => random.normal())]),
  );
}
