import { type Random, seededRandom } from '@forescale/shared/time';
import { CALL_FAULTS, PROCESS_FAULTS, SURGE, WORLD_FAULTS } from './catalogue.ts';
import type { Fault, Storm } from './fault.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Four storms a day, each with an hour and a half of calm behind it; the first after an hour. */
const STORMS = 4;
const FIRST_MS = HOUR_MS;
const STORM_EVERY_MS = 5.5 * HOUR_MS;
const LENGTH_MS = [20 * MINUTE_MS, 120 * MINUTE_MS] as const;
const FAULTS = [7, 14] as const;
/** Nodes leave when they were not needed for three minutes. */
const LET_GO_AFTER_MS = 3 * MINUTE_MS;

/** What goes wrong in one day, and when: the same for the same seed. Faults of one storm overlap. */
export function drawSchedule(seed: number, startMs: number, offerings: readonly string[]): Storm[] {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ 0x5ced);
  return Array.from({ length: STORMS }, (_, i) => {
    const fromMs = startMs + FIRST_MS + i * STORM_EVERY_MS + between(random, 0, 60 * MINUTE_MS);
    return drawStorm(random, fromMs, offerings);
  });
}

function drawStorm(random: Random, fromMs: number, offerings: readonly string[]): Storm {
  const lengthMs = between(random, ...LENGTH_MS);
  const count = Math.round(between(random, ...FAULTS));
  const at = () => Math.round(fromMs + random.next() * lengthMs);
  const faults: Fault[] = [];
  // In every storm the load surges, so that there is something to do; a process may die while it orders, or lets go.
  for (let surges = 1 + random.below(3); surges > 0; surges--) {
    const surge = SURGE(random, at());
    const { killedOrdering, killedLeaving, frozenOrdering, frozenLeaving } = PROCESS_FAULTS;
    const isHeld = random.below(3) === 0;
    faults.push(surge, (isHeld ? frozenOrdering : killedOrdering)(random, surge.fromMs));
    faults.push((isHeld ? frozenLeaving : killedLeaving)(random, surge.untilMs + LET_GO_AFTER_MS));
  }
  const catalogue = [...CALL_FAULTS(offerings), ...WORLD_FAULTS, ...Object.values(PROCESS_FAULTS)];
  const once = new Set<string>();
  while (faults.length < count) {
    const draw = catalogue[random.below(catalogue.length)] as (typeof catalogue)[number];
    const fault = draw(random, at());
    // Machines that come to nothing, again and again, stop growth for half an hour by design.
    if (once.has(fault.name)) continue;
    if (fault.on === 'world') once.add(fault.name);
    faults.push(fault);
  }
  faults.sort((a, b) => a.fromMs - b.fromMs);
  return { faults, fromMs, settledMs: Math.max(...faults.map((fault) => fault.settledMs)) };
}

function between(random: Random, low: number, high: number): number {
  return low + random.next() * (high - low);
}
