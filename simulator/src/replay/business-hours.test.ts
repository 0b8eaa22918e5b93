import { type PoolConfig, parseConfig } from '@forescale/shared/config';
import { describe, expect, it } from 'vitest';
import type { PolicyName } from './policy.ts';
import { replay } from './replay.ts';
import { MINUTE_MS, periodicForecaster } from './trace.test-data.ts';

const HOUR_MS = 3_600_000;
const WEEK_MS = 168 * HOUR_MS;
const CAPACITY = 10;

function poolIn(zone: string): PoolConfig {
  const text = `
autoscaler:
  timezone: ${zone}
  policies:
    business_hours: { time_range: "09:00-17:00", min_nodes: 3, max_nodes: 8 }
    off_hours: { time_range: "17:00-09:00", min_nodes: 2, max_nodes: 4 }
  pools:
    - { name: web, signals: [{ name: load, capacity_per_node: ${CAPACITY} }] }`;
  return parseConfig(text, 'test', {}).pools[0] as PoolConfig;
}

/** Business hours by the wall: more than 8 nodes' worth in the middle of the day, less than 2 at night. */
function weekOfLoad(zone: string, startMs: number) {
  const clock = wallClock(zone);
  const timesMs = Float64Array.from({ length: (2 * WEEK_MS) / MINUTE_MS }, (_, k) => startMs - WEEK_MS + k * MINUTE_MS);
  const values = timesMs.map((timeMs) => {
    const hour = clock(timeMs);
    const isOpen = hour >= 8.5 && hour < 17.5;
    return CAPACITY * (isOpen ? 4 + 5 * Math.sin((Math.PI * (hour - 8.5)) / 9) : 1 + 0.5 * Math.sin(hour));
  });
  return { timesMs, values };
}

/** The hour on the wall, with its fraction: by `Intl` alone, and by nothing of what is tested. */
function wallClock(zone: string): (timeMs: number) => number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (timeMs) => {
    const [hours = 0, minutes = 0] = format.format(timeMs).split(':').map(Number);
    return hours + minutes / 60;
  };
}

const WEEKS: readonly (readonly [zone: string, weeks: readonly (readonly [what: string, mondayIso: string])[]])[] = [
  [
    'Europe/Berlin',
    [
      ['ordinary', '2026-02-09T00:00Z'],
      ['summer time begins', '2026-03-23T00:00Z'],
      ['summer time ends', '2026-10-19T00:00Z'],
    ],
  ],
  [
    'America/New_York',
    [
      ['ordinary', '2026-02-09T00:00Z'],
      ['summer time begins', '2026-03-02T00:00Z'],
      ['summer time ends', '2026-10-26T00:00Z'],
    ],
  ],
  [
    'Australia/Lord_Howe',
    [
      ['ordinary', '2026-02-09T00:00Z'],
      ['summer time ends, by half an hour', '2026-03-30T00:00Z'],
      ['summer time begins, by half an hour', '2026-09-28T00:00Z'],
    ],
  ],
];
const CASES = WEEKS.flatMap(([zone, weeks]) => weeks.map(([what, monday]) => [zone, what, monday] as const));

describe('the two windows over a week, minute by minute', () => {
  it.each(CASES)('%s, %s: min and max hold in every hour', async (zone, _what, monday) => {
    const startMs = Date.parse(monday);
    const trace = weekOfLoad(zone, startMs);
    const forecaster = periodicForecaster(trace, 1_440);
    for (const policy of ['forescale', 'reactive'] satisfies PolicyName[]) {
      const { timeline } = await replay({
        trace,
        pool: poolIn(zone),
        policy,
        seed: 1,
        historyShare: 0.5,
        forecaster: policy === 'forescale' ? forecaster : null,
        timerMs: () => 0,
      });
      expect([timeline.startMs, timeline.rows]).toEqual([startMs, WEEK_MS / MINUTE_MS]);
      const breaks = policy === 'forescale' ? breaksOf(zone, timeline) : breaksOf(zone, timeline).filter(isAboveMax);
      expect(breaks, policy).toEqual([]);
    }
  });
});

const isAboveMax = (text: string) => text.includes('above');

/** Every minute in which a bound did not hold, in words. */
function breaksOf(zone: string, timeline: Awaited<ReturnType<typeof replay>>['timeline']): string[] {
  const clock = wallClock(zone);
  const breaks: string[] = [];
  let [hours, before] = [0, Number.POSITIVE_INFINITY];
  for (let row = 0; row < timeline.rows; row++) {
    const timeMs = timeline.startMs + row * timeline.stepMs;
    const hour = clock(timeMs);
    const [min, max] = hour >= 9 && hour < 17 ? [3, 8] : [2, 4];
    const ready = timeline.nodesReady[row] as number;
    const total = ready + (timeline.nodesStarting[row] as number);
    const when = `${new Date(timeMs).toISOString()} (${hour.toFixed(2)} h): ${ready} Ready of ${total}`;
    if (ready < min) breaks.push(`${when}: below ${min}`);
    // A surplus when the max falls leaves node by node, and nothing is added to it meanwhile.
    const isLeaving = hour >= 17 && hour < 17.5 && total <= before;
    if (total > max && !isLeaving) breaks.push(`${when}: above ${max}`);
    before = total;
    if (timeMs % HOUR_MS === 0) hours++;
  }
  expect(hours).toBe(168);
  return breaks;
}
