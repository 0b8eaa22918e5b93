import type { Random } from '@forescale/shared/time';
import type { QuantileDataset } from '../model/network.ts';
import { type NetworkShape, sizeOf, type Weights, weightSpecs } from './weights.ts';

/** Rows looked at for the climate: enough for the 0.999 quantile of an output to mean something, few enough to sort. */
const CLIMATE_ROWS_MAX = 5_000;

/**
 * Weights to start from: hidden layers after He (normal, variance 2 / inputs), the linear skip at zero, the head
 * a tenth of He's, and its bias at the empirical quantiles of each output, so that step 0 forecasts the climate.
 */
export function initialWeights(shape: NetworkShape, data: QuantileDataset, random: Random): Weights {
  const weights = new Map<string, Float32Array>();
  for (const spec of weightSpecs(shape)) {
    const values = new Float32Array(sizeOf(spec));
    if (spec.name === 'head/bias') {
      values.set(climate(data, shape.levels));
    } else if (spec.name.endsWith('/kernel') && spec.name !== 'skip/kernel') {
      const he = Math.sqrt(2 / (spec.shape[0] as number));
      const deviation = spec.name === 'head/kernel' ? he / 10 : he;
      for (let i = 0; i < values.length; i++) values[i] = deviation * random.normal();
    }
    weights.set(spec.name, values);
  }
  return weights;
}

/** Empirical quantiles, outputs x levels; 0 for an output that has no targets at all. */
function climate({ rows, outputs, y }: QuantileDataset, levels: readonly number[]): Float32Array {
  const quantiles = new Float32Array(outputs * levels.length);
  const stride = Math.ceil(rows / CLIMATE_ROWS_MAX);
  for (let output = 0; output < outputs; output++) {
    const present: number[] = [];
    for (let row = 0; row < rows; row += stride) {
      const value = y[row * outputs + output] as number;
      if (!Number.isNaN(value)) present.push(value);
    }
    const sorted = Float32Array.from(present).sort();
    for (const [index, level] of levels.entries()) {
      quantiles[output * levels.length + index] = sorted[Math.round(level * (sorted.length - 1))] ?? 0;
    }
  }
  return quantiles;
}
