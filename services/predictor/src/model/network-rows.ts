import type { Cells } from './cells.ts';
import { networkInputs } from './network-features.ts';
import { createNetworkBasis, type ShapeOptions } from './shape.ts';

/** What the rows of one data set may take: they lie in memory, and are sent to whoever trains. */
const BYTES_MAX = 100 * 1_024 ** 2;

/** At most `rowsMax`, and no more than fit: a row grows with the horizon. */
export function rowsWithin(rowsMax: number, horizon: number): number {
  const rowBytes = Float32Array.BYTES_PER_ELEMENT * (networkInputs(horizon) + horizon);
  return Math.min(rowsMax, Math.max(1, Math.floor(BYTES_MAX / rowBytes)));
}

/** Where the rows of a data set go: inputs, row after row, and targets. Rows that are not written stay as they are. */
export interface RowTable {
  /** rows x `networkInputs(horizon)`. */
  readonly x: Float32Array;
  /** rows x horizon; to be filled with NaN before: a target beyond the last cell, or not measured, is not written. */
  readonly y: Float32Array;
}

/**
 * Streams the cells of one series past what a network sees beside it, and writes a row for each cell that has a slot:
 * its inputs, and the corrections that would have been right. `slotOf(i)` is the row in the table for cell i of
 * `cells`, or -1.
 */
export function writeRows(cells: Cells, shape: ShapeOptions, slotOf: (index: number) => number, into: RowTable): void {
  const { tape, lifts, members, features } = createNetworkBasis(shape);
  const { horizon } = shape;
  for (let i = 0; i < cells.means.length; i++) {
    if (lifts) lifts.push(cells.means[i] as number, cells.latest[i] as number);
    else tape.push(cells.means[i] as number, cells.latest[i] as number);
    for (const member of members) member.learn();
    for (let ahead = 1; ahead <= horizon; ahead++) {
      const slot = i >= ahead ? slotOf(i - ahead) : -1;
      if (slot >= 0) into.y[slot * horizon + ahead - 1] = features.targetFor(ahead);
    }
    features.learn();
    const slot = slotOf(i);
    if (slot >= 0) features.fill(into.x, slot * features.inputs);
  }
}
