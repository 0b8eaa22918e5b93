import type { Batch } from './batches.ts';
import { pinball } from './pinball.ts';
import type { TensorNetwork } from './tensor-network.ts';
import type { Weights } from './weights.ts';

/** Remembers the weights that did best on the validation rows; the latest ones where there are no such rows. */
export class BestWeights {
  readonly #network: TensorNetwork;
  readonly #validation: Batch;
  readonly #levels: readonly number[];
  #loss: number;
  #weights: Weights;
  #evaluationsWithoutGain = 0;

  constructor(network: TensorNetwork, validation: Batch, levels: readonly number[]) {
    this.#network = network;
    this.#validation = validation;
    this.#levels = levels;
    this.#loss = this.#lossNow();
    this.#weights = network.weights();
  }

  get evaluationsWithoutGain(): number {
    return this.#evaluationsWithoutGain;
  }

  weights(): Weights {
    return this.#weights;
  }

  /** Compares the present weights with the best ones. */
  evaluate(): void {
    const loss = this.#lossNow();
    if (loss < this.#loss || this.#validation.rows === 0) {
      this.#loss = loss;
      this.#weights = this.#network.weights();
      this.#evaluationsWithoutGain = 0;
    } else {
      this.#evaluationsWithoutGain++;
    }
  }

  /** Sum of the losses on the validation rows: always of the same terms, hence comparable. */
  #lossNow(): number {
    const { x, y, rows } = this.#validation;
    return rows > 0 ? pinball(this.#network.raw(x, rows), y, this.#levels, null).sum : 0;
  }
}
