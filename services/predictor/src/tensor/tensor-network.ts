import {
  AdamOptimizer,
  customGrad,
  type GradSaveFunc,
  io,
  type Scalar,
  scalar,
  type Tensor,
  tensor2d,
  tidy,
  type Variable,
} from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import type { NetworkArtifacts } from './artifacts.ts';
import { pinball } from './pinball.ts';
import type { Weights } from './weights.ts';

/** Adam whose learning rate can follow a schedule. */
class ScheduledAdam extends AdamOptimizer {
  setLearningRate(learningRate: number): void {
    this.learningRate = learningRate;
  }
}

/** A network on the chosen backend, in training. `dispose` frees all that it holds there. */
export class TensorNetwork {
  readonly #model: LayersModel;
  readonly #levels: readonly number[];
  readonly #variables: Variable[];
  readonly #optimiser = new ScheduledAdam(0, 0.9, 0.999, 1e-7);

  private constructor(model: LayersModel, levels: readonly number[]) {
    this.#model = model;
    this.#levels = levels;
    this.#variables = model.trainableWeights.map((weight) => weight.read() as Variable);
  }

  /** A backend must have been selected. */
  static async load({ modelJson, weights }: NetworkArtifacts): Promise<TensorNetwork> {
    const handler = io.fromMemory({
      modelTopology: modelJson.modelTopology,
      weightSpecs: modelJson.weightsManifest.flatMap((group) => group.weights),
      weightData: Uint8Array.from(weights).buffer, // not slice(): a Buffer shares its pool
    });
    return new TensorNetwork(await loadLayersModel(handler), modelJson.userDefinedMetadata.levels);
  }

  /** One step of the optimiser on a batch of `rows`; returns the mean pinball loss before it. */
  step(x: Float32Array, y: Float32Array, rows: number, learningRate: number): number {
    this.#optimiser.setLearningRate(learningRate);
    let lossBefore = 0;
    const lossOf = customGrad((heads, save) => {
      const raw = (heads as Tensor).dataSync<'float32'>();
      const gradient = new Float32Array(raw.length);
      const { sum, terms } = pinball(raw, y, this.#levels, gradient);
      lossBefore = terms > 0 ? sum / terms : 0;
      (save as GradSaveFunc)([tensor2d(gradient, [rows, gradient.length / rows])]);
      return { value: scalar(lossBefore), gradFunc: (_, [saved]) => saved as Tensor };
    });
    tidy(() => {
      const input = tensor2d(x, [rows, x.length / rows]);
      this.#optimiser.minimize(() => lossOf(this.#model.apply(input) as Tensor) as Scalar, false, this.#variables);
    });
    return lossBefore;
  }

  /** The heads, rows x outputs x levels, not sorted. */
  raw(x: Float32Array, rows: number): Float32Array {
    return tidy(() => (this.#model.apply(tensor2d(x, [rows, x.length / rows])) as Tensor).dataSync<'float32'>());
  }

  weights(): Weights {
    return new Map(
      this.#model.trainableWeights.map((weight) => [weight.originalName, weight.read().dataSync<'float32'>().slice()]),
    );
  }

  dispose(): void {
    this.#optimiser.dispose();
    this.#model.dispose();
  }
}
