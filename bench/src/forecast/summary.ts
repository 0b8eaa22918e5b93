import { type Random, seededRandom } from '@forescale/shared/time';
import { mean, quantileSorted } from 'simple-statistics';
import type { Measurement } from './method-run.ts';

/** A method over all traces that it answered on, relative to the base method. */
export interface MethodSummary {
  readonly method: string;
  /** Geometric mean of WQL over the base's, with a 90 % interval over origins. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** The largest ratio of a trace. */
  readonly worst: number;
  readonly traces: number;
  /** Over all traces: a method that was asked fewer is known less well. */
  readonly origins: number;
  readonly coverage90: number;
  readonly coverage99: number;
  /** Mean per trace. */
  readonly seconds: number;
}

/** One trace where a method is infinitely better or worse must not rule the mean. */
const RATIO_MIN = 0.2;
const RATIO_MAX = 5;
const RESAMPLES = 400;
const SEED = 1;

/** The first of these that was measured is what all are compared with: the best single peer, else the plainest member. */
const BASES = ['r-stlf', 'seasonal-naive'] as const;

export function baseOf(measurements: readonly Measurement[]): string {
  const isMeasured = (method: string) => measurements.some((one) => one.method === method && one.failed === null);
  return BASES.find(isMeasured) ?? 'seasonal-naive';
}

/** WQL of a measurement over that of the base on the same origins, clipped; null where one of the two has no answer. */
export function ratioTo(base: Measurement | undefined, one: Measurement): number | null {
  const pairs = pairsOf(base, one);
  return pairs.length === 0 ? null : clippedRatio(pairs);
}

/** Best first. Methods without any ratio are left out. */
export function summarise(measurements: readonly Measurement[]): MethodSummary[] {
  const base = baseOf(measurements);
  const bases = new Map(measurements.filter(({ method }) => method === base).map((one) => [one.trace, one]));
  const methods = [...new Set(measurements.map(({ method }) => method))];
  return methods
    .flatMap((method) => {
      const answered = measurements.filter((one) => one.method === method && one.failed === null);
      const pairs = answered.map((one) => pairsOf(bases.get(one.trace), one)).filter((some) => some.length > 0);
      return pairs.length === 0 ? [] : [summaryOf(method, answered, pairs)];
    })
    .sort((a, b) => a.ratio - b.ratio);
}

/** Losses of the base and of a method at one origin. */
type Pair = readonly [base: number, own: number];

function pairsOf(base: Measurement | undefined, one: Measurement): Pair[] {
  const pairs: Pair[] = [];
  for (const [origin, { loss }] of one.losses) {
    const other = base?.losses.get(origin);
    if (other) pairs.push([other.loss, loss]);
  }
  return pairs;
}

function summaryOf(method: string, answered: readonly Measurement[], pairs: readonly Pair[][]): MethodSummary {
  const random = seededRandom(SEED);
  const resampled = Array.from({ length: RESAMPLES }, () =>
    geometricMean(pairs.map((some) => clippedRatio(some.map(() => pick(some, random))))),
  ).sort((a, b) => a - b);
  const ratios = pairs.map(clippedRatio);
  const average = (key: 'coverage90' | 'coverage99' | 'seconds') => mean(answered.map((one) => one[key]));
  return {
    method,
    ratio: geometricMean(ratios),
    low: quantileSorted(resampled, 0.05),
    high: quantileSorted(resampled, 0.95),
    worst: Math.max(...ratios),
    traces: ratios.length,
    origins: pairs.flat().length,
    coverage90: average('coverage90'),
    coverage99: average('coverage99'),
    seconds: average('seconds'),
  };
}

function pick(pairs: readonly Pair[], random: Random): Pair {
  return pairs[random.below(pairs.length)] as Pair;
}

/** Sizes are the same for both, so that the ratio of losses is that of WQL. */
function clippedRatio(pairs: readonly Pair[]): number {
  let base = 0;
  let own = 0;
  for (const [baseLoss, ownLoss] of pairs) {
    base += baseLoss;
    own += ownLoss;
  }
  return Math.min(RATIO_MAX, Math.max(RATIO_MIN, own / Math.max(base, 1e-12)));
}

function geometricMean(ratios: readonly number[]): number {
  return Math.exp(mean(ratios.map(Math.log)));
}
