import { medianSorted, quantileSorted, rSquared } from 'simple-statistics';

export type Pair = readonly [x: number, y: number];

/** `y = intercept + slope * x`. */
export interface RobustLine {
  readonly slope: number;
  readonly intercept: number;
  /** Coefficient of determination over the share of points that `KEPT_SHARE` says. */
  readonly r2: number;
}

/** Pairs nearer to each other in x than this share of the spread say more about noise than about the slope. */
const APART_SHARE = 0.25;

/** The rest may be outliers: what a line explains is told by the points that lie nearest to it. */
const KEPT_SHARE = 0.8;

/**
 * The line of Theil and Sen: the median of the slopes between pairs of points, here of those that are well apart in x,
 * since noise in x pulls the slopes of near ones towards 0. Holds with up to 29 % outliers. Of order n^2: 144 points
 * are at most 10,296 pairs. Null where all x are the same.
 */
export function robustLine(points: readonly Pair[]): RobustLine | null {
  const sortedX = ascending(points.map(([x]) => x));
  const apart = APART_SHARE * (quantileSorted(sortedX, 0.95) - quantileSorted(sortedX, 0.05));
  const slopes: number[] = [];
  for (const [i, [x, y]] of points.entries()) {
    for (let j = 0; j < i; j++) {
      const [otherX, otherY] = points[j] as Pair;
      const dx = x - otherX;
      if (dx !== 0 && Math.abs(dx) >= apart) slopes.push((y - otherY) / dx);
    }
  }
  if (slopes.length === 0) return null;
  const slope = medianSorted(ascending(slopes));
  const intercept = medianSorted(ascending(points.map(([x, y]) => y - slope * x)));
  const line = (x: number) => intercept + slope * x;
  const nearest = points.toSorted((a, b) => Math.abs(a[1] - line(a[0])) - Math.abs(b[1] - line(b[0])));
  const kept = nearest.slice(0, Math.max(2, Math.ceil(KEPT_SHARE * points.length)));
  const isFlat = kept.every(([, y]) => y === kept[0]?.[1]);
  return {
    slope,
    intercept,
    r2: isFlat
      ? 0
      : rSquared(
          kept.map(([x, y]) => [x, y]),
          line,
        ),
  };
}

export function ascending(values: readonly number[]): number[] {
  return [...Float64Array.from(values).sort()];
}
