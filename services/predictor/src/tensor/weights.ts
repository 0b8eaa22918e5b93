import { NetworkFormatError } from './errors.ts';

/** What fixes the sizes of all weights of a network. */
export interface NetworkShape {
  readonly inputs: number;
  readonly outputs: number;
  readonly levels: readonly number[];
  readonly hidden: readonly number[];
}

export interface WeightSpec {
  readonly name: string;
  /** [inputs, units] of a kernel, [units] of a bias. */
  readonly shape: readonly number[];
}

/** Arrays of weights by name, in the order of `weightSpecs`. Kernels are row after row, one row for each input. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** Names and sizes of a network's arrays, in the order in which they are saved. */
export function weightSpecs({ inputs, outputs, levels, hidden }: NetworkShape): WeightSpec[] {
  const heads = outputs * levels.length;
  const specs: WeightSpec[] = [];
  let width = inputs;
  for (const [index, units] of hidden.entries()) {
    specs.push({ name: `hidden${index}/kernel`, shape: [width, units] });
    specs.push({ name: `hidden${index}/bias`, shape: [units] });
    width = units;
  }
  specs.push({ name: 'head/kernel', shape: [width, heads] });
  specs.push({ name: 'head/bias', shape: [heads] });
  specs.push({ name: 'skip/kernel', shape: [inputs, heads] });
  return specs;
}

export function sizeOf(spec: WeightSpec): number {
  return spec.shape.reduce((product, side) => product * side, 1);
}

/** Whether weights of one network fit the other: same sizes, and heads for the same levels. */
export function sameShape(a: NetworkShape, b: NetworkShape): boolean {
  const listed = ({ inputs, outputs, levels, hidden }: NetworkShape) => [inputs, outputs, levels, hidden];
  return JSON.stringify(listed(a)) === JSON.stringify(listed(b));
}

/** The array called `name`, which `weightSpecs` promises. */
export function weightsOf(weights: Weights, name: string): Float32Array {
  const values = weights.get(name);
  if (!values) throw new NetworkFormatError(`${name} is absent`);
  return values;
}
