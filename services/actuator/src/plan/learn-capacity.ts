import type { Resources } from '@forescale/shared/domain';
import { quantileSorted } from 'simple-statistics';
import { ascending, robustLine } from './robust-line.ts';

/** What was seen at one time: the signal, and what pods that may run in the pool requested then. */
export interface CapacitySample {
  readonly value: number;
  readonly requested: Pick<Resources, 'cpuMillicores' | 'memoryBytes' | 'pods'>;
}

/** Either what one node carries, or why that cannot be said. */
export type CapacityVerdict =
  | { readonly perNode: number; readonly why: string }
  | { readonly perNode: null; readonly why: string };

/** Fewer samples, at ten minutes each, are less than four hours. */
const SAMPLES_MIN = 24;

/** Requests that vary less than this, from their 0.05 to their 0.95 quantile over their median, show no slope. */
const VARIATION_MIN = 0.1;

const R2_MIN = 0.7;

/** Of what is requested at the height of the load, at least this share has to follow the signal. */
const FOLLOWING_MIN = 0.5;

const RESOURCES = [
  ['cpuMillicores', 'requested-cpu'],
  ['memoryBytes', 'requested-memory'],
  ['pods', 'requested-pods'],
] as const;

/**
 * How much of a signal a new node carries, from how it went together with what pods requested: a robust line of the
 * signal over each resource, times what a node has `room` for of it. Of those that explain the signal the scarcest
 * counts, as in packing: pods of 500 mCPU and 1 GiB that serve 20 rps each, on 4000 mCPU and 16 GiB: 8 pods by CPU, 16
 * by memory, so 160 rps.
 *
 * What is requested without any load is a base that has to run as well, so the ratio at the height of the load is taken
 * where that is below the slope: 2000 mCPU of base and 20 rps for each 500 mCPU make, at 10,000 mCPU, 320 rps, and not
 * the 400 of the slope. Where requests are noisy the slope errs to the low side, that is towards more nodes.
 */
export function learnCapacity(samples: readonly CapacitySample[], room: Resources): CapacityVerdict {
  if (samples.length < SAMPLES_MIN)
    return refused(`${samples.length} samples of ten minutes, fewer than ${SAMPLES_MIN}`);
  if (samples.every(({ value }) => value === samples[0]?.value)) return refused('the signal never changed');
  const refusals: string[] = [];
  let scarcest: { readonly perNode: number; readonly why: string } | null = null;
  for (const [field, name] of RESOURCES) {
    const ratio = ratioAtHeight(samples.map(({ value, requested }) => [requested[field], value]));
    if (typeof ratio === 'string') {
      refusals.push(`${name} ${ratio}`);
      continue;
    }
    const perNode = ratio.perRequested * room[field];
    if (!Number.isFinite(perNode) || perNode <= 0) refusals.push(`${name}: a new node has no room for it`);
    else if (scarcest === null || perNode < scarcest.perNode) {
      const why = `${samples.length} samples of ten minutes, R² ${ratio.r2.toFixed(2)} over ${name}`;
      scarcest = { perNode, why };
    }
  }
  return scarcest ?? refused(refusals.join('; '));
}

function refused(why: string): CapacityVerdict {
  return { perNode: null, why };
}

/** How much of the signal goes with one unit of requests at the height of the load; in words why that is not to be told. */
function ratioAtHeight(
  points: readonly (readonly [requested: number, value: number])[],
): { readonly perRequested: number; readonly r2: number } | string {
  const requested = ascending(points.map(([x]) => x));
  const [low, middle, high] = [0.05, 0.5, 0.95].map((p) => quantileSorted(requested, p)) as [number, number, number];
  if (!(middle > 0)) return 'was mostly 0';
  if (high - low < VARIATION_MIN * middle) {
    return `varied by ${percent((high - low) / middle)}, less than ${percent(VARIATION_MIN)}`;
  }
  const line = robustLine(points);
  if (line === null) return 'never changed';
  const { slope, intercept, r2 } = line;
  if (slope <= 0) return 'does not rise with the signal';
  if (!(r2 >= R2_MIN)) return `does not explain the signal: R² ${Math.max(0, r2).toFixed(2)} < ${R2_MIN}`;
  const following = Math.min(1, 1 + intercept / (slope * high));
  if (following < FOLLOWING_MIN) {
    return `follows the signal by ${percent(Math.max(0, following))} only, less than ${percent(FOLLOWING_MIN)}`;
  }
  return { perRequested: slope * following, r2 };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
