import { Temporal } from 'temporal-polyfill';

/** What the wall clock of a zone shows: days since 1970-01-01 on its calendar, and minutes after its midnight. */
export interface LocalTime {
  readonly day: number;
  readonly minute: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The offset from UTC over [fromMs, untilMs). */
interface OffsetSpan {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly offsetMs: number;
}

// The span used last, per zone: planning asks for the same days again and again, and a lookup in the zone database
// costs a thousand times what the arithmetic does. A pure function's memory, not state.
const spans = new Map<string, OffsetSpan>();

export function localTime(zone: string, atMs: number): LocalTime {
  let span = spans.get(zone);
  if (!span || atMs < span.fromMs || atMs >= span.untilMs) {
    span = offsetSpan(zone, atMs);
    spans.set(zone, span);
  }
  const localMs = atMs + span.offsetMs;
  const day = Math.floor(localMs / DAY_MS);
  return { day, minute: Math.floor((localMs - day * DAY_MS) / MINUTE_MS) };
}

/** The offsets of a zone from UTC over [fromMs, untilMs), each from when it holds; none for UTC itself. */
export function zoneOffsets(zone: string, fromMs: number, untilMs: number): { fromMs: number; offsetMs: number }[] {
  const offsets: { fromMs: number; offsetMs: number }[] = [];
  for (let atMs = fromMs; atMs < untilMs; ) {
    const span = offsetSpan(zone, atMs);
    offsets.push({ fromMs: atMs, offsetMs: span.offsetMs });
    atMs = span.untilMs;
  }
  return offsets.every(({ offsetMs }) => offsetMs === 0) ? [] : offsets;
}

function offsetSpan(zone: string, atMs: number): OffsetSpan {
  const at = Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(zone);
  const next = at.getTimeZoneTransition('next');
  return {
    fromMs: at.epochMilliseconds,
    untilMs: next ? next.epochMilliseconds : Number.POSITIVE_INFINITY,
    offsetMs: at.offsetNanoseconds / 1e6,
  };
}
