import { FORECAST_LEVELS, MAX_LEAD_MINUTES } from '@forescale/shared/domain';
import { seededRandom } from '@forescale/shared/time';
import { describe, expect, it } from 'vitest';
import { OnlineForecaster } from './online-forecaster.ts';
import { MINUTE_MS, START_MS, syntheticLoad } from './synthetic-load.ts';

const DAY = 1_440;
const SEEDS = [1, 2, 3];
const LEADS = [3, 10, 30] as const;
const STEPS = [1, 3, 6, 12];
/** Following a load for days takes a second a seed, and a machine may have more to do. */
const TIMEOUT_MS = 180_000;

/** A regime of a load: a wave of a day around a level, and the noise relative to it. */
interface Regime {
  readonly level: number;
  readonly wave: number;
  readonly noise: number;
}

const USUAL: Regime = { level: 100, wave: 0.5, noise: 0.05 };

function loadOf(seed: number, minutes: number, regimeAt: (minute: number) => Regime): Float64Array {
  const random = seededRandom(seed);
  let drift = 0;
  return Float64Array.from({ length: minutes }, (_, minute) => {
    const { level, wave, noise } = regimeAt(minute);
    drift = 0.98 * drift + 0.2 * noise * random.normal();
    const shape = 1 + wave * Math.sin((2 * Math.PI * minute) / DAY);
    return Math.max(0, level * shape * (1 + drift + noise * random.normal()));
  });
}

/** How often each level held, by target, and how wide the bands were (0.1 to 0.99), as a mean over [from, to). */
class Holds {
  readonly counts = new Map<string, { issued: number; width: number; held: number[] }>();

  add(target: string, actual: number, quantiles: readonly number[]): void {
    const count = this.counts.get(target) ?? { issued: 0, width: 0, held: FORECAST_LEVELS.map(() => 0) };
    count.issued++;
    count.width += (quantiles[4] as number) - (quantiles[0] as number);
    for (const [k, quantile] of quantiles.entries()) if (actual <= quantile) count.held[k] = (count.held[k] ?? 0) + 1;
    this.counts.set(target, count);
  }

  share(target: string, level: (typeof FORECAST_LEVELS)[number]): number {
    const { held, issued } = this.counts.get(target) as { issued: number; held: number[] };
    return (held[FORECAST_LEVELS.indexOf(level)] as number) / issued;
  }

  width(target: string): number {
    const { width, issued } = this.counts.get(target) as { issued: number; width: number };
    return width / issued;
  }
}

/** Follows a load minute by minute and judges every fifth forecast of each [from, to) against what came. */
function follow(values: Float64Array, windows: readonly { from: number; to: number; into: Holds }[]): void {
  const forecaster = new OnlineForecaster({ rawStepMs: MINUTE_MS, steps: 12 });
  const until = Math.max(...windows.map(({ to }) => to));
  for (let i = 0; i < until; i++) {
    const nowMs = START_MS + i * MINUTE_MS;
    forecaster.observe(nowMs, values[i] as number);
    const into = windows.find(({ from, to }) => i >= from && i < to)?.into;
    const forecast = into && i % 5 === 4 ? forecaster.forecast(nowMs) : null;
    if (!into || !forecast) continue;
    for (const step of STEPS) {
      const mean = values.subarray(i + 5 * step - 4, i + 5 * step + 1).reduce((sum, value) => sum + value / 5, 0);
      into.add(
        `step ${step}`,
        mean,
        forecast.quantiles.map((row) => row[step - 1] as number),
      );
    }
    for (const minutes of LEADS) {
      const lead = MAX_LEAD_MINUTES.indexOf(minutes);
      into.add(
        `maximum over ${minutes} min`,
        Math.max(...values.subarray(i + 1, i + 1 + minutes)),
        forecast.maxQuantiles.map((row) => row[lead] as number),
      );
    }
  }
}

type Range = readonly [min: number, max: number];

/** Errors within a day or two hang together: a level is held over two days of three seeds to no less than this. */
function expectCoverage(holds: Holds, ranges: Readonly<Record<(typeof FORECAST_LEVELS)[number], Range>>): void {
  for (const target of holds.counts.keys()) {
    for (const level of FORECAST_LEVELS) {
      const share = holds.share(target, level);
      const [min, max] = ranges[level];
      const where = `${target}, level ${level}, seeds ${SEEDS.join(', ')}`;
      expect(share, where).toBeGreaterThanOrEqual(min);
      expect(share, where).toBeLessThanOrEqual(max);
    }
  }
}

describe('calibration: each level covers what it says over the two days after', () => {
  const steady = {
    0.1: [0.05, 0.15],
    0.5: [0.42, 0.58],
    0.9: [0.85, 0.94],
    0.95: [0.91, 0.98],
    0.99: [0.97, 1],
    0.999: [0.99, 1],
  } as const;
  /** Through a change, the hours in which it is not known yet are among the two days. */
  const changing = {
    0.1: [0.04, 0.17],
    0.5: [0.38, 0.6],
    0.9: [0.83, 0.96],
    0.95: [0.89, 0.985],
    0.99: [0.955, 1],
    0.999: [0.985, 1],
  } as const;

  it.each([
    { what: 'six days of the same', after: {}, ranges: steady },
    { what: 'the noise has doubled', after: { noise: 0.1 }, ranges: changing },
    {
      what: 'the noise has halved',
      after: { noise: 0.025 },
      ranges: { ...changing, 0.1: [0.04, 0.18], 0.5: [0.38, 0.63] },
    },
    { what: 'the level has risen by 60 %', after: { level: 160 }, ranges: changing },
    { what: 'the level has fallen by 40 %', after: { level: 60 }, ranges: changing },
    { what: 'the pattern of the day has gone', after: { wave: 0 }, ranges: changing },
  ] as const)('$what', { timeout: TIMEOUT_MS }, ({ after, ranges }) => {
    const change = 6 * DAY;
    const holds = new Holds();
    for (const seed of SEEDS) {
      const values = loadOf(seed, change + 2 * DAY + 60, (minute) =>
        minute < change ? USUAL : { ...USUAL, ...after },
      );
      follow(values, [{ from: change, to: change + 2 * DAY, into: holds }]);
    }
    expectCoverage(holds, ranges);
  });
});

it(`calibration: bands are wider while the history is short (seeds ${SEEDS.join(', ')})`, {
  timeout: TIMEOUT_MS,
}, () => {
  const [hours, day, later] = [new Holds(), new Holds(), new Holds()];
  for (const seed of SEEDS) {
    follow(syntheticLoad(seed, 6 * DAY + DAY / 2 + 60).values, [
      { from: 60, to: 240, into: hours },
      { from: DAY, to: DAY + DAY / 2, into: day },
      { from: 6 * DAY, to: 6 * DAY + DAY / 2, into: later },
    ]);
  }
  for (const target of ['maximum over 10 min', 'maximum over 30 min', 'step 6', 'step 12']) {
    expect(hours.width(target), target).toBeGreaterThan(1.2 * later.width(target));
    expect(day.width(target), target).toBeGreaterThan(1.2 * later.width(target));
  }
  for (const holds of [hours, day]) {
    for (const minutes of LEADS) {
      expect(holds.share(`maximum over ${minutes} min`, 0.95)).toBeGreaterThan(0.92);
      expect(holds.share(`maximum over ${minutes} min`, 0.99)).toBeGreaterThan(0.97);
    }
    // The first hours see the load rise for the first time: 36 forecasts of each seed that hang together.
    for (const step of STEPS) expect(holds.share(`step ${step}`, 0.95), `step ${step}`).toBeGreaterThan(0.86);
  }
});
