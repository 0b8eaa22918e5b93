import { createSqliteStore, type Point } from '@forescale/shared/store';
import { systemClock } from '@forescale/shared/time';

const MINUTE_MS = 60_000;
const POINTS_PER_WRITE = 10_000;
const CAPACITY = 100;
const LEADS = ['5m', '15m', '60m'];

export const POOL = 'web';
export const SIGNAL = 'load';

/** Every minute of `days` until `nowMs` as a running system writes it: sample, plan, cost, and forecasts at three leads. */
export async function fillStore(path: string, days: number, nowMs: number): Promise<number> {
  const store = await createSqliteStore({ path, clock: systemClock });
  try {
    const lastMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
    let points: Point[] = [];
    let written = 0;
    const flush = async () => {
      await store.write(points);
      written += points.length;
      points = [];
    };
    for (let timeMs = lastMs - days * 86_400_000; timeMs <= lastMs; timeMs += MINUTE_MS) {
      points.push(...minuteOf(timeMs));
      if (points.length > POINTS_PER_WRITE - 10) await flush();
    }
    await flush();
    return written;
  } finally {
    await store.close();
  }
}

/** A day's and a week's wave, and something on it that no two minutes share. */
function loadAt(timeMs: number): number {
  const minute = timeMs / MINUTE_MS;
  const day = Math.sin((2 * Math.PI * minute) / 1_440);
  const week = Math.sin((2 * Math.PI * minute) / 10_080);
  return 600 + 300 * day + 100 * week + 40 * Math.sin(minute * 12.9898) * Math.sin(minute * 78.233);
}

function minuteOf(timeMs: number): Point[] {
  const load = loadAt(timeMs);
  const need = Math.ceil(load / CAPACITY);
  const tags = { pool: POOL, signal: SIGNAL };
  const bounds = { need, floor: 2, ceiling: 40, desired: need + 1, ready: need + 1, starting: 0, draining: 0 };
  return [
    { measurement: 'kpi', tags: { ...tags, source: 'shop' }, fields: { value: load }, timeMs },
    { measurement: 'plan', tags: { pool: POOL }, fields: { ...bounds, mode: 'observe' }, timeMs },
    {
      measurement: 'cost',
      tags: { pool: POOL, capacity: 'on_demand' },
      fields: { usd_per_hour: 0.1 * (need + 1), saved_usd_per_hour: 0.05 },
      timeMs,
    },
    ...LEADS.map((lead) => ({
      measurement: 'forecast',
      tags: { ...tags, model: 'combination', lead },
      fields: {
        issued: timeMs / 1_000,
        q10: load * 0.93,
        q50: load,
        q90: load * 1.08,
        q95: load * 1.11,
        q99: load * 1.19,
      },
      timeMs,
    })),
  ];
}
