import type { Random } from '@forescale/shared/time';
import type { QuantileDataset } from '../model/network.ts';

/** Rows copied side by side, as the backend wants them. */
export interface Batch {
  readonly rows: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** Endless batches of given rows, in a new order each time that all have been seen. */
export class ShuffledBatches {
  readonly #data: QuantileDataset;
  readonly #order: Uint32Array;
  readonly #random: Random;
  /** Of each batch. */
  readonly rows: number;
  #next: number;

  /** A batch has `batch` rows, or all of them when they are fewer. */
  constructor(data: QuantileDataset, rowIndices: Uint32Array, batch: number, random: Random) {
    this.#data = data;
    this.#order = rowIndices.slice();
    this.#random = random;
    this.rows = Math.min(batch, rowIndices.length);
    this.#next = this.#order.length;
  }

  next(): Batch {
    if (this.#next + this.rows > this.#order.length) {
      shuffle(this.#order, this.#random);
      this.#next = 0;
    }
    const picked = this.#order.subarray(this.#next, this.#next + this.rows);
    this.#next += this.rows;
    return gather(this.#data, picked);
  }
}

export function gather({ inputs, outputs, x, y }: QuantileDataset, rowIndices: Uint32Array): Batch {
  const batch = {
    rows: rowIndices.length,
    x: new Float32Array(rowIndices.length * inputs),
    y: new Float32Array(rowIndices.length * outputs),
  };
  for (const [slot, row] of rowIndices.entries()) {
    batch.x.set(x.subarray(row * inputs, (row + 1) * inputs), slot * inputs);
    batch.y.set(y.subarray(row * outputs, (row + 1) * outputs), slot * outputs);
  }
  return batch;
}

/** The rows of [from, to) that have at least one target. */
export function rowsWithTargets({ outputs, y }: QuantileDataset, from: number, to: number): Uint32Array {
  const rows: number[] = [];
  for (let row = from; row < to; row++) {
    if (y.subarray(row * outputs, (row + 1) * outputs).some((value) => !Number.isNaN(value))) rows.push(row);
  }
  return Uint32Array.from(rows);
}

/** At most `max` of the rows, evenly spaced, the last one among them. */
export function thin(rowIndices: Uint32Array, max: number): Uint32Array {
  const stride = Math.ceil(rowIndices.length / max);
  return rowIndices.filter((_, index) => (rowIndices.length - 1 - index) % stride === 0);
}

function shuffle(order: Uint32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const moved = order[i] as number;
    order[i] = order[j] as number;
    order[j] = moved;
  }
}
