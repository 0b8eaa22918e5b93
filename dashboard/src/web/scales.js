// @ts-check
const MANTISSAS = [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9, 10];

/** The least round number at or above `value`; 1 for nothing. @param {number} value */
export function roundUp(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const mantissa = MANTISSAS.find((m) => m * power >= value * (1 - 1e-9)) ?? 10;
  return mantissa * power;
}

/**
 * The top of a vertical axis that begins at 0. It keeps `previous` while that still fits and the values fill more than half of
 * it, so that the picture does not breathe with every sample.
 * @param {number} previous 0 at first @param {number} highest
 */
export function steadyTop(previous, highest) {
  const top = roundUp(highest * 1.05);
  return previous >= top && previous * 0.5 < highest ? previous : top;
}

/**
 * The highest value that the load chart must show. The 99 % quantile may run out of the picture when it is far above
 * all else: a rare peak must not flatten what happens.
 * @param {{ load: readonly (number | null)[], q90: readonly (number | null)[], q99: readonly (number | null)[] }} frame
 */
export function loadTop(frame) {
  const common = Math.max(highestOf(frame.load), highestOf(frame.q90));
  return Math.max(common, Math.min(highestOf(frame.q99), 1.4 * common));
}

/**
 * The most nodes that the node chart must show. A ceiling far above all nodes may run out of the picture.
 * @param {Record<'occupied' | 'desired' | 'floor' | 'ceiling', readonly (number | null)[]>} frame
 */
export function nodesTop(frame) {
  const common = Math.max(highestOf(frame.occupied), highestOf(frame.desired), highestOf(frame.floor));
  const ceiling = highestOf(frame.ceiling);
  return ceiling <= 2 * common ? Math.max(common, ceiling) : common;
}

/** 0 when there is none. @param {readonly (number | null)[]} column */
export function highestOf(column) {
  let highest = 0;
  for (const value of column) if (value !== null && value > highest) highest = value;
  return highest;
}
