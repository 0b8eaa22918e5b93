import { expect, it } from 'vitest';
import { type DriftState, hasDrifted, lookForDrift } from './drift.ts';

const HOUR_MS = 3_600_000;

/** Looks at every minute of these hours, with the loss of each hour; gives the hours in which drift was seen. */
function hoursOfDrift(wqlByHour: readonly number[], trainedHour: (hour: number) => number = () => 0): number[] {
  const hours = new Set<number>();
  let state: DriftState | null = null;
  for (const [hour, wql] of wqlByHour.entries()) {
    for (let minute = 0; minute < 60; minute += 5) {
      const nowMs = hour * HOUR_MS + minute * 60_000;
      state = lookForDrift(state, { nowMs, trainedMs: trainedHour(hour) * HOUR_MS, wql });
      if (hasDrifted(state)) hours.add(hour);
    }
  }
  return [...hours];
}

const hours = (count: number, wql: number) => new Array<number>(count).fill(wql);

it.each<[what: string, wql: number[], seen: number[]]>([
  ['steady', hours(96, 0.05), []],
  ['half as bad again, but not quite', [...hours(48, 0.05), ...hours(24, 0.074)], []],
  ['twice as bad, seen in the third hour', [...hours(48, 0.05), ...hours(5, 0.1)], [50, 51, 52]],
  ['two bad hours', [...hours(48, 0.05), 0.1, 0.1, ...hours(24, 0.05)], []],
  ['bad within the first day, against what it was at the training', [...hours(10, 0.05), ...hours(4, 0.1)], [12, 13]],
  ['a first day that its predecessor has spoilt', [...hours(24, 0.2), ...hours(10, 0.05), ...hours(3, 0.1)], [36]],
  ['nearly perfect, then hardly less so', [...hours(48, 0), ...hours(24, 0.004)], []],
  ['nearly perfect, then no more', [...hours(48, 0), ...hours(3, 0.02)], [50]],
])('%s', (_, wql, seen) => {
  expect(hoursOfDrift(wql)).toEqual(seen);
});

it('what a new model does not mend trains no third one', () => {
  // It turns bad at 48, is trained at 50, and is as bad as before.
  const seen = hoursOfDrift([...hours(48, 0.05), ...hours(96, 0.1)], (hour) => (hour > 50 ? 50 : 0));
  expect(seen).toEqual([50]);
});
