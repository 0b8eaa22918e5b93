import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bounds, boundsAt, type Override, type PoolConfig, parseConfig, type WindowPolicy } from './index.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const poolOf = (text: string): PoolConfig => parseConfig(text, 'f.yaml', {}).pools[0] as PoolConfig;
const noOverride = { minNodes: null, maxNodes: null, paused: false, by: 'test', why: 'test' };
const range = ({ minNodes, maxNodes }: Bounds) => `${minNodes.value}-${maxNodes.value}`;

describe('bounds: a week with a change of the clock, half hour by half hour', () => {
  /** When, in UTC, the business hours begin and end over a week. */
  const businessHours = (zone: string, fromIso: string) => {
    const pool = poolOf(`
autoscaler:
  timezone: ${zone}
  policies:
    business_hours: { time_range: "09:00-17:00", min_nodes: 3, max_nodes: 8 }
    off_hours: { time_range: "17:00-09:00", min_nodes: 2, max_nodes: 4 }`);
    const spans: string[] = [];
    let before = '2-4';
    for (let half = 0; half < 7 * 48; half++) {
      const atMs = Date.parse(fromIso) + (half * HOUR_MS) / 2;
      const now = range(boundsAt(pool, atMs, null));
      expect(['2-4', '3-8']).toContain(now);
      const clock = new Date(atMs).toISOString();
      if (now === '3-8' && before === '2-4') spans.push(`${clock.slice(5, 10)} ${clock.slice(11, 16)}-`);
      if (now === '2-4' && before === '3-8') spans[spans.length - 1] += clock.slice(11, 16);
      before = now;
    }
    return spans;
  };
  const days = (month: string, from: number, hours: readonly string[]) =>
    hours.map((span, day) => `${month}-${String(from + day).padStart(2, '0')} ${span}`);

  it.each([
    // Summer time begins on Sunday 29 March at 01:00 UTC.
    {
      zone: 'Europe/Berlin',
      from: '2026-03-25T00:00Z',
      spans: days('03', 25, [...Array(4).fill('08:00-16:00'), ...Array(3).fill('07:00-15:00')]),
    },
    // It ends on Sunday 1 November at 06:00 UTC.
    {
      zone: 'America/New_York',
      from: '2026-10-29T00:00Z',
      spans: [...days('10', 29, Array(3).fill('13:00-21:00')), ...days('11', 1, Array(4).fill('14:00-22:00'))],
    },
    // It begins on Sunday 4 October, local time, by half an hour: 3 October 15:30 UTC.
    {
      zone: 'Australia/Lord_Howe',
      from: '2026-10-01T12:00Z',
      spans: [...days('10', 1, Array(2).fill('22:30-06:30')), ...days('10', 3, Array(5).fill('22:00-06:00'))],
    },
  ])('$zone', ({ zone, from, spans }) => {
    expect(businessHours(zone, from)).toEqual(spans);
  });
});

describe('bounds: hours that come twice, never, and days that are left out', () => {
  const holds = (policy: string, at: string) => {
    const pool = poolOf(`autoscaler: {policies: {p: {${policy}, min_nodes: 5}}}`);
    return boundsAt(pool, Date.parse(at), null).minNodes.value === 5;
  };

  it.each([
    ['02:30 does not exist on the day on which summer time begins', '2026-03-29T00:59:59Z', false],
    ['… it is 03:00 at once', '2026-03-29T01:00:00Z', false],
    ['02:30 comes on the day before', '2026-03-28T01:30:00Z', true],
    ['02:30 comes a first time when summer time ends', '2026-10-25T00:30:00Z', true],
    ['… and a second time', '2026-10-25T01:30:00Z', true],
    ['… and then it is 03:00', '2026-10-25T02:00:00Z', false],
  ])('Berlin, "02:00-03:00": %s', (_what, at, expected) => {
    expect(holds('time_range: "02:00-03:00", timezone: Europe/Berlin', at)).toBe(expected);
  });

  it.each([
    ['2011-12-30T09:59:59Z', 'Thursday', true],
    ['2011-12-30T10:00:00Z', 'Saturday', true],
    ['2011-12-30T10:00:00Z', 'Friday', false],
  ])('Apia at %s: Thursday is followed by Saturday (%s)', (at, day, expected) => {
    expect(holds(`timezone: Pacific/Apia, days: [${day.slice(0, 3).toLowerCase()}]`, at)).toBe(expected);
  });

  it.each([
    ['Friday 22:00', '2026-11-27T22:00Z', true],
    ['Saturday 05:59', '2026-11-28T05:59Z', true],
    ['Saturday 06:00', '2026-11-28T06:00Z', false],
    ['Friday 21:59', '2026-11-27T21:59Z', false],
    ['Friday 02:00 is still of Thursday', '2026-11-27T02:00Z', false],
    ['Saturday 23:00', '2026-11-28T23:00Z', false],
  ])('"22:00-06:00" on Fridays: %s', (_what, at, expected) => {
    expect(holds('time_range: "22:00-06:00", days: [fri]', at)).toBe(expected);
  });

  it.each([
    ['the evening before', '2026-12-23T23:59Z', false],
    ['the first day', '2026-12-24T18:00Z', true],
    ['the morning after the last day belongs to it', '2026-12-27T05:00Z', true],
    ['the evening of the day that is out', '2026-12-27T18:00Z', false],
  ])('"18:00-06:00" from 24 until 27 December: %s', (_what, at, expected) => {
    expect(holds('time_range: "18:00-06:00", from: 2026-12-24, until: 2026-12-27', at)).toBe(expected);
  });
});

describe('bounds: which one holds', () => {
  const pool = poolOf(`
autoscaler:
  pools:
    - bounds: { min_nodes: 1, max_nodes: 10, usd_per_hour_max: 9 }
      policies:
        all_day: { min_nodes: 2, max_nodes: 20 }
        weekdays: { time_range: "08:00-18:00", days: [mon, tue, wed, thu, fri], min_nodes: 4, usd_per_hour_max: 5 }
        noon: { time_range: "12:00-13:00", max_nodes: 12 }
        also_noon: { time_range: "12:00-13:00", max_nodes: 13, spot: { share: 0.5 } }
        sale: { time_range: "10:00-16:00", from: 2026-11-27, until: 2026-11-28, min_nodes: 6 }`);

  it.each([
    ['Sunday night', '2026-11-22T03:00Z', '2 policy all_day', '20 policy all_day', '9 pool', 0],
    ['Tuesday at nine', '2026-11-24T09:00Z', '4 policy weekdays', '20 policy all_day', '5 policy weekdays', 0],
    [
      'Tuesday noon: the first of equals',
      '2026-11-24T12:30Z',
      '4 policy weekdays',
      '12 policy noon',
      '5 policy weekdays',
      0.5,
    ],
    [
      'the sale: a dated policy before a narrower one',
      '2026-11-27T12:30Z',
      '6 policy sale',
      '12 policy noon',
      '5 policy weekdays',
      0.5,
    ],
  ])('%s', (_what, at, min, max, usd, share) => {
    const bounds = boundsAt(pool, Date.parse(at), null);
    const shown = [bounds.minNodes, bounds.maxNodes, bounds.usdPerHourMax].map(
      (one) => one && `${one.value} ${one.from}`,
    );
    expect(shown).toEqual([min, max, usd]);
    expect(bounds.spot.share).toBe(share);
  });

  it('an override goes before everything, field by field, until it ends', () => {
    const atMs = Date.parse('2026-11-27T12:30Z');
    const at = (override: Partial<Override>) => boundsAt(pool, atMs, { ...noOverride, untilMs: atMs + 1, ...override });
    expect(at({ minNodes: 8 })).toMatchObject({ minNodes: { value: 8, from: 'override' }, maxNodes: { value: 12 } });
    expect(at({ maxNodes: 3 })).toMatchObject({ minNodes: { value: 3 }, maxNodes: { value: 3, from: 'override' } });
    expect(at({ minNodes: 0 }).minNodes.value).toBe(0);
    expect(at({ paused: true }).paused).toBe(true);
    expect(at({ paused: true, minNodes: 8, untilMs: atMs })).toEqual(boundsAt(pool, atMs, null));
  });
});

/** Weekday, hour and date as the platform's own formatter says them: shares nothing with the code under test. */
const formatters = new Map<string, Intl.DateTimeFormat>();
function wallClock(zone: string, atMs: number) {
  let formatter = formatters.get(zone);
  if (!formatter) {
    const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
    formatter = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', weekday: 'short', ...parts });
    formatters.set(zone, formatter);
  }
  const part = Object.fromEntries(formatter.formatToParts(atMs).map(({ type, value }) => [type, value]));
  return {
    clock: `${part.hour}:${part.minute}`,
    date: `${part.year}-${part.month}-${part.day}`,
    weekday: String(part.weekday).toLowerCase(),
  };
}

const DAY_NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** The calendar's day before a date such as 2026-03-01. */
function dayBefore(date: string): { date: string; weekday: string } {
  const before = new Date(Date.parse(`${date}T00:00Z`) - DAY_MS);
  return { date: before.toISOString().slice(0, 10), weekday: DAY_NAMES[before.getUTCDay()] as string };
}

interface Written {
  readonly start: string;
  readonly end: string;
  readonly days: readonly string[] | null;
  readonly from: string | null;
  readonly until: string | null;
  readonly zone: string;
  readonly min: number | null;
  readonly max: number | null;
}

/** Whether a window holds, said in texts as a user would read them off a calendar and a clock. */
function slowlyHolds(window: Written, atMs: number): boolean {
  const now = wallClock(window.zone, atMs);
  const crosses = window.end <= window.start;
  if (!crosses && (now.clock < window.start || now.clock >= window.end)) return false;
  if (crosses && now.clock >= window.end && now.clock < window.start) return false;
  const starts = crosses && now.clock < window.start ? dayBefore(now.date) : now;
  if (window.days && !window.days.includes(starts.weekday)) return false;
  return (window.from === null || starts.date >= window.from) && (window.until === null || starts.date < window.until);
}

/** The bounds by trying every minute of the week for the width: slow, and of no shared arithmetic. */
function slowBounds(windows: readonly Written[], atMs: number): string {
  const width = (window: Written) => {
    let minutes = 0;
    for (let minute = 0; minute < 1_440; minute++) {
      const clock = `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
      const inside =
        window.end <= window.start
          ? clock >= window.start || clock < window.end
          : clock >= window.start && clock < window.end;
      if (inside) minutes += window.days?.length ?? 7;
    }
    return minutes;
  };
  const dated = (window: Written) => window.from !== null || window.until !== null;
  const inForce = windows
    .map((window, index) => ({ window, index, width: width(window) }))
    .filter(({ window }) => slowlyHolds(window, atMs))
    .sort((a, b) =>
      dated(a.window) === dated(b.window) ? a.width - b.width || a.index - b.index : dated(a.window) ? -1 : 1,
    );
  const max = inForce.find(({ window }) => window.max !== null)?.window.max ?? 10;
  const min = inForce.find(({ window }) => window.min !== null)?.window.min ?? 1;
  return `${Math.min(min, max)}-${max}`;
}

const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'Africa/Casablanca',
  'UTC',
];

/** Instants at which one of the zones moved its clock (Apia left a day out), where mistakes live. */
const CHANGES = [
  '2026-03-29T01:00Z',
  '2026-10-25T01:00Z',
  '2026-03-08T07:00Z',
  '2026-11-01T06:00Z',
  '2026-04-04T15:00Z',
  '2026-10-03T15:30Z',
  '2018-11-04T03:00Z',
  '2019-02-17T02:00Z',
  '2011-12-30T10:00Z',
  '1985-12-31T18:30Z',
  '2026-02-15T02:00Z',
  '2026-03-22T02:00Z',
].map((iso) => Date.parse(iso));

const instant = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -3_000, max: 3_000 }))
      .map(([at, minutes]) => at + minutes * 60_000),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -120, max: 120 }))
      .map(([at, seconds]) => at + seconds * 1_000),
  },
  { weight: 1, arbitrary: fc.integer({ min: Date.parse('1975-01-01'), max: Date.parse('2060-01-01') }) },
);

const clock = fc
  .oneof(
    fc.integer({ min: 0, max: 95 }).map((quarter) => quarter * 15),
    fc.constantFrom(0, 1, 59, 90, 120, 150, 180, 1_439),
  )
  .map((minute) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`);

const dayNear = fc
  .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -4, max: 4 }))
  .map(([at, days]) => new Date(at + days * DAY_MS).toISOString().slice(0, 10));

const nodes = fc.option(fc.integer({ min: 0, max: 12 }));

const written = fc
  .record({
    start: clock,
    end: clock,
    days: fc.option(fc.uniqueArray(fc.constantFrom(...DAY_NAMES), { minLength: 1 })),
    from: fc.option(dayNear, { freq: 2 }),
    until: fc.option(dayNear, { freq: 2 }),
    zone: fc.constantFrom(...ZONES),
    min: nodes,
    max: nodes,
  })
  .filter(({ from, until }) => from === null || until === null || from < until)
  .map(
    (window): Written =>
      window.min !== null && window.max !== null && window.min > window.max ? { ...window, min: window.max } : window,
  );

function yamlOf(windows: readonly Written[]): string {
  const lines = windows.map(({ start, end, days, from, until, zone, min, max }, index) => {
    const fields = [
      `time_range: "${start}-${end}"`,
      `timezone: ${zone}`,
      days && `days: [${days.join(', ')}]`,
      from && `from: ${from}`,
      until && `until: ${until}`,
      min === null ? null : `min_nodes: ${min}`,
      max === null ? null : `max_nodes: ${max}`,
    ];
    return `    p${index}: { ${fields.filter((field) => field !== null).join(', ')} }`;
  });
  return `autoscaler:\n  policies:\n${lines.join('\n')}\n`;
}

describe('bounds: any windows at any time', () => {
  it('are what the calendar and the clock of the zone say', () => {
    fc.assert(
      fc.property(
        fc.array(written, { minLength: 1, maxLength: 5 }),
        fc.array(instant, { minLength: 1, maxLength: 20 }),
        (windows, instants) => {
          const pool = poolOf(yamlOf(windows));
          for (const atMs of instants) {
            const said = { at: new Date(atMs).toISOString(), bounds: range(boundsAt(pool, atMs, null)) };
            expect(said).toEqual({ at: said.at, bounds: slowBounds(windows, atMs) });
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('min never exceeds max, and every bound names something that is there', () => {
    const override = fc.option(fc.record({ minNodes: nodes, maxNodes: nodes, paused: fc.boolean(), untilMs: instant }));
    fc.assert(
      fc.property(fc.array(written, { maxLength: 5 }), instant, override, (windows, atMs, given) => {
        const pool = poolOf(windows.length === 0 ? 'autoscaler: {}' : yamlOf(windows));
        const bounds = boundsAt(pool, atMs, given && { ...noOverride, ...given });
        expect(bounds.minNodes.value).toBeLessThanOrEqual(bounds.maxNodes.value);
        const names = ['override', 'pool', ...pool.policies.map((policy: WindowPolicy) => `policy ${policy.name}`)];
        expect(names).toContain(bounds.minNodes.from);
        expect(names).toContain(bounds.maxNodes.from);
      }),
      { numRuns: 300 },
    );
  });
});
