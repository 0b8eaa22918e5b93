/** Sum of the losses of the targets that are present, and their number (levels counted once each). */
export interface PinballSum {
  readonly sum: number;
  readonly terms: number;
}

/**
 * The pinball loss of heads `raw` (rows x outputs x levels) against targets `y` (rows x outputs; NaN is absent).
 * With e = target - head, a head at level p loses p·e where e >= 0 and (p - 1)·e elsewhere.
 *
 * Where `gradient` (as long as `raw`) is given it receives d(mean loss)/d(raw): -p or 1 - p over the number of
 * terms, and 0 for absent targets. Plain loops, so that all backends train on the same numbers.
 */
export function pinball(
  raw: Float32Array,
  y: Float32Array,
  levels: readonly number[],
  gradient: Float32Array | null,
): PinballSum {
  const width = levels.length;
  const terms = presentCount(y) * width;
  const share = terms > 0 ? 1 / terms : 0;
  let sum = 0;
  for (let target = 0, at = 0; target < y.length; target++, at += width) {
    const wanted = y[target] as number;
    if (Number.isNaN(wanted)) {
      gradient?.fill(0, at, at + width);
      continue;
    }
    for (let level = 0; level < width; level++) {
      const error = wanted - (raw[at + level] as number);
      const slope = error >= 0 ? (levels[level] as number) : (levels[level] as number) - 1;
      sum += slope * error;
      if (gradient) gradient[at + level] = -slope * share;
    }
  }
  return { sum, terms };
}

function presentCount(y: Float32Array): number {
  let count = 0;
  for (const value of y) if (!Number.isNaN(value)) count++;
  return count;
}
