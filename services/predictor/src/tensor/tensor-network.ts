import {
  AdamOptimizer,
  add,
  customGrad,
  fused,
  type GradSaveFunc,
  matMul,
  type Scalar,
  scalar,
  type Tensor,
  type Tensor2D,
  tensor,
  tensor2d,
  tidy,
  type Variable,
  variable,
} from '@tensorflow/tfjs-core';
import { pinball } from './pinball.ts';
import { type NetworkShape, type Weights, weightSpecs, weightsOf } from './weights.ts';

/** Adam whose learning rate can follow a schedule. */
class ScheduledAdam extends AdamOptimizer {
  setLearningRate(learningRate: number): void {
    this.learningRate = learningRate;
  }
}

/**
 * A network on the chosen backend, in training. `dispose` frees all that it holds there. Made of plain operations: a
 * model of the layers package leaves the names of its tensors behind for ever, 2 KB with each training.
 */
export class TensorNetwork {
  readonly #shape: NetworkShape;
  readonly #variables: ReadonlyMap<string, Variable>;
  readonly #optimiser = new ScheduledAdam(0, 0.9, 0.999, 1e-7);

  /** A backend must have been selected. */
  constructor(shape: NetworkShape, weights: Weights) {
    this.#shape = shape;
    this.#variables = new Map(
      weightSpecs(shape).map(({ name, shape: sides }) => [
        name,
        tidy(() => variable(tensor(weightsOf(weights, name), [...sides]))),
      ]),
    );
  }

  /** One step of the optimiser on a batch of `rows`; returns the mean pinball loss before it. */
  step(x: Float32Array, y: Float32Array, rows: number, learningRate: number): number {
    this.#optimiser.setLearningRate(learningRate);
    let lossBefore = 0;
    const lossOf = customGrad((heads, save) => {
      const raw = (heads as Tensor).dataSync<'float32'>();
      const gradient = new Float32Array(raw.length);
      const { sum, terms } = pinball(raw, y, this.#shape.levels, gradient);
      lossBefore = terms > 0 ? sum / terms : 0;
      (save as GradSaveFunc)([tensor2d(gradient, [rows, gradient.length / rows])]);
      return { value: scalar(lossBefore), gradFunc: (_, [saved]) => saved as Tensor };
    });
    tidy(() => {
      const input = tensor2d(x, [rows, x.length / rows]);
      const variables = [...this.#variables.values()];
      this.#optimiser.minimize(() => lossOf(this.#heads(input)) as Scalar, false, variables);
    });
    return lossBefore;
  }

  /** The heads, rows x outputs x levels, not sorted. */
  raw(x: Float32Array, rows: number): Float32Array {
    return tidy(() => this.#heads(tensor2d(x, [rows, x.length / rows])).dataSync<'float32'>());
  }

  weights(): Weights {
    return new Map([...this.#variables].map(([name, values]) => [name, values.dataSync<'float32'>().slice()]));
  }

  dispose(): void {
    this.#optimiser.dispose();
    for (const each of this.#variables.values()) each.dispose();
  }

  /** The function of `SerialisedNetwork` up to the sorting; its tensors are freed by whoever calls. */
  #heads(x: Tensor2D): Tensor2D {
    let last = x;
    for (const index of this.#shape.hidden.keys()) {
      const [b, bias] = [this.#variable(`hidden${index}/kernel`), this.#variable(`hidden${index}/bias`)];
      last = fused.matMul({ a: last, b, bias, activation: 'relu' }) as Tensor2D;
    }
    const head = fused.matMul({ a: last, b: this.#variable('head/kernel'), bias: this.#variable('head/bias') });
    return add(head, matMul(x, this.#variable('skip/kernel')));
  }

  #variable(name: string): Variable {
    return this.#variables.get(name) as Variable;
  }
}
