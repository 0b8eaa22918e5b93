import { createRequire } from 'node:module';
import type Holidays from 'date-holidays';

/** A place with public holidays of its own: a country, or a state or region of it, as date-holidays names them. */
export interface Place {
  readonly country: string;
  readonly state: string | null;
  readonly region: string | null;
}

const DAY_MS = 86_400_000;
const YEARS_REMEMBERED = 1_000;

/** Loaded when a place is first named: the holidays of the world take 0.4 s and 22 MB. */
function library(): typeof Holidays {
  return createRequire(import.meta.url)('date-holidays');
}

/** What is wrong with a place: the field that is, and what it may be. Null when it has holidays. */
export function placeIssue({ country, state, region }: Place): { field: keyof Place; allowed: string } | null {
  const holidays = new (library())();
  const known = (all: Record<string, string> | undefined) => Object.keys(all ?? {});
  const one = (all: readonly string[]) => (all.length === 0 ? 'nothing here' : `one of ${all.join(', ')}`);
  if (!known(holidays.getCountries()).includes(country))
    return { field: 'country', allowed: 'a country that date-holidays knows, such as "DE"' };
  const states = known(holidays.getStates(country));
  if (state !== null && !states.includes(state)) return { field: 'state', allowed: one(states) };
  if (region === null) return null;
  const regions = state === null ? [] : known(holidays.getRegions(country, state));
  return regions.includes(region) ? null : { field: 'region', allowed: one(regions) };
}

// A year of a place takes some 50 ms: remembered, as every signal asks. A pure function's memory, not state.
const remembered = new Map<string, readonly number[]>();

/** The public holidays of a year, as days since 1970-01-01, ascending. */
export function publicHolidays(place: Place, year: number): readonly number[] {
  const key = JSON.stringify([place, year]);
  const before = remembered.get(key);
  if (before) return before;
  const parts = [place.country, place.state, place.region].filter((part) => part !== null) as [string];
  const days = new (library())(...parts).getHolidays(year).flatMap(({ type, date, start, end }) => {
    if (type !== 'public') return [];
    const first = Date.parse(date.slice(0, 10)) / DAY_MS;
    const length = Math.max(1, Math.round((end.getTime() - start.getTime()) / DAY_MS));
    return Array.from({ length }, (_, day) => first + day);
  });
  const sorted = [...new Set(days)].sort((a, b) => a - b);
  if (remembered.size >= YEARS_REMEMBERED) remembered.clear();
  remembered.set(key, sorted);
  return sorted;
}
