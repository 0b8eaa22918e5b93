import type { Series } from '@forescale/shared/domain';
import { seededRandom } from '@forescale/shared/time';

export const MINUTE_MS = 60_000;
/** 2024-01-01T00:00Z, a Monday. */
export const START_MS = 1_704_067_200_000;

/** A made-up load, for tests only: a day's wave with noise that grows with it, one sample a minute. */
export function syntheticLoad(seed: number, minutes: number, level: (minute: number) => number = () => 100): Series {
  const random = seededRandom(seed);
  let drift = 0;
  const timesMs = Float64Array.from({ length: minutes }, (_, minute) => START_MS + minute * MINUTE_MS);
  const values = timesMs.map((_, minute) => {
    drift = 0.98 * drift + 0.01 * random.normal();
    const wave = 1 + 0.5 * Math.sin((2 * Math.PI * minute) / 1440);
    return Math.max(0, level(minute) * wave * (1 + drift + 0.05 * random.normal()));
  });
  return { timesMs, values };
}
