import type { Random } from '@forescale/shared/time';
import type { CallFault, Fate, ProcessFault, Surge, WorldFault } from './fault.ts';

const MINUTE_MS = 60_000;

type Draw<F> = (random: Random, fromMs: number) => F;

function minutes(random: Random, low: number, high: number): number {
  return Math.round((low + random.next() * (high - low)) * MINUTE_MS);
}

/** `settle`: the waits that the design has after it, in minutes. An open breaker lets a call through after one. */
function calls(
  name: string,
  prefixes: readonly string[],
  fates: readonly Fate[],
  [share, low, high]: readonly [share: number | null, low: number, high: number],
  settle = 1,
  offerings: CallFault['offerings'] = null,
): Draw<CallFault> {
  return (random, fromMs) => {
    const untilMs = fromMs + minutes(random, low, high);
    const drawn = share ?? 0.2 + 0.7 * random.next();
    const settledMs = untilMs + settle * MINUTE_MS;
    return { on: 'calls', name, calls: prefixes, fates, share: drawn, offerings, fromMs, untilMs, settledMs };
  };
}

const BROKEN: readonly Fate[] = ['unavailable', 'reset', 'lost', 'silent', 'silent-done'];

export function CALL_FAULTS(offerings: readonly string[]): Draw<CallFault>[] {
  return [
    calls('provider: errors', ['provider.'], [...BROKEN, 'throttled'], [null, 3, 30]),
    calls('provider: creations, answers lost', ['provider.create'], ['lost', 'silent-done'], [null, 3, 20]),
    calls('provider: terminations fail', ['provider.terminate'], BROKEN, [null, 3, 30]),
    calls('provider: away', ['provider.'], ['unavailable', 'silent'], [1, 1, 15]),
    calls('provider: creations work, looking fails', ['provider.find', 'provider.list'], BROKEN, [1, 3, 15]),
    calls('provider: throttled', ['provider.'], ['throttled'], [null, 3, 20]),
    calls('provider: conflicts', ['provider.create'], ['conflict'], [null, 3, 20]),
    calls('provider: credentials refused', ['provider.'], ['auth'], [1, 1, 10]),
    // A marked offering is tried again after a minute where there is no other.
    calls('provider: no capacity', ['provider.create'], ['capacity'], [1, 5, 40], 2),
    calls('provider: quota reached', ['provider.create'], ['quota'], [1, 5, 40], 2),
    calls('provider: some offerings sold out', ['provider.create'], ['capacity'], [1, 5, 60], 2, offerings.slice(0, 2)),
    calls('kubernetes: errors', ['kube.'], BROKEN, [null, 2, 20]),
    calls('kubernetes: away', ['kube.'], ['unavailable', 'silent'], [1, 1, 15]),
    calls('kubernetes: writes fail', ['kube.write', 'kube.evict'], BROKEN, [null, 2, 20]),
    calls('kubernetes: evictions fail', ['kube.evict'], BROKEN, [1, 2, 15]),
    calls('state: errors', ['state.'], BROKEN, [null, 1, 10]),
    calls('state: writes without an answer', ['state.write'], ['lost', 'silent-done'], [null, 1, 10]),
    calls('state: away', ['state.'], ['unavailable', 'silent'], [1, 1, 10]),
    calls('bus: away', ['bus.'], ['unavailable', 'silent'], [1, 1, 30]),
    // Without readings nodes are neither ordered for the load nor let go.
    calls('store: away', ['store.'], ['unavailable', 'silent'], [1, 1, 30]),
  ];
}

function world(
  what: WorldFault['what'],
  [low, high]: readonly [low: number, high: number],
  count: (random: Random) => number,
  settle = 1,
): Draw<WorldFault> {
  return (random, fromMs) => {
    const untilMs = fromMs + minutes(random, low, high);
    return {
      on: 'world',
      name: what,
      what,
      count: count(random),
      fromMs,
      untilMs,
      settledMs: untilMs + settle * MINUTE_MS,
    };
  };
}

const one = () => 1;
const few = (random: Random) => 1 + random.below(3);

export const WORLD_FAULTS: readonly Draw<WorldFault>[] = [
  world('kubelets-stop', [2, 25], few),
  world('machines-killed', [1, 1], few),
  world('nodes-deleted', [1, 1], few),
  // Given up at the registration time-out of 15 min, counted from the request.
  world('never-registers', [5, 20], (random) => 1 + random.below(2), 16),
  world('slow-boots', [5, 30], (random) => 2 + random.below(5), 10),
  // The notice is two minutes.
  world('spot-storm', [2, 3], one),
  world('stuck-budget', [5, 30], one),
];

/** Sudden, and gone as suddenly; what it takes a node to boot is waited for. */
export const SURGE: Draw<Surge> = (random, fromMs) => {
  const untilMs = fromMs + minutes(random, 4, 20);
  return { on: 'load', name: 'load surges', factor: 1.5 + 3.5 * random.next(), fromMs, untilMs, settledMs: untilMs };
};

const ORDERING = ['provider.create', 'provider.find', 'state.write'] as const;
const LEAVING = ['provider.terminate', 'kube.write', 'kube.evict', 'state.write'] as const;

function process(
  what: ProcessFault['what'],
  [low, high]: readonly [low: number, high: number],
  settle: number,
  drawn: (random: Random) => Partial<ProcessFault> = () => ({}),
): Draw<ProcessFault> {
  return (random, fromMs) => {
    const untilMs = fromMs + minutes(random, low, high);
    const settledMs = untilMs + settle * MINUTE_MS;
    return {
      on: 'process',
      name: `actuator: ${what}`,
      what,
      calls: '',
      after: 0,
      edge: 'before',
      forMs: 0,
      skewMs: 0,
      fromMs,
      untilMs,
      settledMs,
      ...drawn(random),
    };
  };
}

/** At the first few of these calls, on either side of it; at the latest at the end of the fault, wherever it is then. */
function trapIn(calls: readonly string[]): (random: Random) => Partial<ProcessFault> {
  return (random) => ({
    calls: calls[random.below(calls.length)] as string,
    after: random.below(4),
    edge: random.below(2) === 0 ? 'before' : 'after',
  });
}

function heldIn(calls: readonly string[]): (random: Random) => Partial<ProcessFault> {
  const trap = trapIn(calls);
  return (random) => ({ ...trap(random), forMs: minutes(random, 1, 12) });
}

/** A killed process is followed by another within 45 s, which has caught up a few ticks later. */
export const PROCESS_FAULTS = {
  killed: process('killed', [0, 0], 3),
  killedOrdering: process('killed-at', [5, 15], 3, trapIn(ORDERING)),
  killedLeaving: process('killed-at', [5, 30], 3, trapIn(LEAVING)),
  // Held for so long; then it goes on for three minutes beside its successor.
  frozen: process('frozen', [0, 0], 16, (random) => ({ forMs: minutes(random, 1, 12) })),
  frozenOrdering: process('frozen-at', [5, 15], 16, heldIn(ORDERING)),
  frozenLeaving: process('frozen-at', [5, 30], 16, heldIn(LEAVING)),
  doubled: process('doubled', [3, 20], 1),
  clockJump: process('clock-jump', [1, 1], 1, (random) => ({
    skewMs: minutes(random, 1, 12) * (random.below(2) === 0 ? 1 : -1),
  })),
} as const;
