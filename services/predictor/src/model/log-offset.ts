/**
 * What to add before taking logarithms: a fifth of the mean size of the values. Zeros and small counts then do not
 * become outliers, while growth by half or by ten still counts as a shift.
 */
export function typicalOffset(values: Float64Array): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    sum += Math.abs(value);
    count++;
  }
  return count > 0 && sum > 0 ? (0.2 * sum) / count : 1;
}
