import type { NetworkOptions, QuantileDataset } from '../model/network.ts';
import { DatasetError } from './errors.ts';

/**
 * Throws `DatasetError` for what cannot be trained on. Scaling the inputs is up to whoever made them (`QuantileDataset`
 * asks for about -10 to 10): here they only have to be finite, as a single NaN would spoil all weights.
 */
export function checkTraining(data: QuantileDataset, options: NetworkOptions): void {
  for (const side of ['rows', 'inputs', 'outputs'] as const) requireCount(side, data[side]);
  requireLength('x', data.x, data.rows * data.inputs);
  requireLength('y', data.y, data.rows * data.outputs);
  requireThat(data.x.every(Number.isFinite), 'x', 'has a value that is not finite');

  requireCount('steps', options.steps);
  requireCount('batch', options.batch);
  const { budgetMs } = options;
  requireThat(budgetMs === null || budgetMs > 0, 'budgetMs', `${budgetMs} is not above 0`);
  for (const units of options.hidden) requireCount('hidden', units);
  requireThat(options.learningRate > 0, 'learningRate', `${options.learningRate} is not above 0`);
  const share = options.validationShare;
  requireThat(share >= 0 && share < 1, 'validationShare', `${share} is not in [0, 1)`);
  requireThat(areLevels(options.levels), 'levels', `${options.levels.join(', ')} do not ascend within (0, 1)`);
}

function areLevels(levels: readonly number[]): boolean {
  return levels.length > 0 && levels.every((level, i) => level > (levels[i - 1] ?? 0) && level < 1);
}

function requireCount(field: string, value: number): void {
  requireThat(Number.isInteger(value) && value > 0, field, `${value} is not a positive whole number`);
}

function requireLength(field: string, values: Float32Array, length: number): void {
  requireThat(values.length === length, field, `has ${values.length} values instead of ${length}`);
}

function requireThat(holds: boolean, field: string, message: string): void {
  if (!holds) throw new DatasetError(field, message);
}
