import type { Resources } from '@forescale/shared/domain';

/**
 * An amount of machines in nodes of the pool's template, by what it is an amount of. A machine of 8 cores and 8 GiB in a
 * pool whose template has 4 cores and 16 GiB is 2 nodes of CPU and half a node of memory. `units` is the scarcest of a
 * machine's: what it carries of a load of which nothing is known but how much of it a template node carries.
 */
export interface Shares {
  readonly units: number;
  readonly cpu: number;
  readonly memory: number;
  readonly pods: number;
  readonly gpus: number;
}

export const SHARES = ['units', 'cpu', 'memory', 'pods', 'gpus'] as const;

export const NO_SHARES: Shares = { units: 0, cpu: 0, memory: 0, pods: 0, gpus: 0 };

const INFINITE = Number.POSITIVE_INFINITY;

/** Within 10 % of a whole number it is that number, since a kubelet reserves a little of every machine for itself. */
const SNAP = 0.1;

/** Rounding noise of a division must not cost a node. */
const EPSILON = 1e-9;

/** Signals that say how much of one resource is asked for; any other is a load of the whole machine. */
const SIGNAL_RESOURCES: Readonly<Record<string, keyof Shares>> = {
  'requested-cpu': 'cpu',
  'requested-memory': 'memory',
  'requested-pods': 'pods',
};

/** What of a machine a signal's demand has to be covered by. */
export function shareOfSignal(signal: string): keyof Shares {
  return SIGNAL_RESOURCES[signal] ?? 'units';
}

/** Of a machine; null: it is like the template. Resources that the template has none of do not count. */
export function sharesOf(allocatable: Resources | null, template: Resources): Shares {
  const cpu = shareOf('cpuMillicores', allocatable, template);
  const memory = shareOf('memoryBytes', allocatable, template);
  const pods = shareOf('pods', allocatable, template);
  const gpus = shareOf('gpus', allocatable, template);
  const scarcest = Math.min(cpu ?? INFINITE, memory ?? INFINITE, pods ?? INFINITE, gpus ?? INFINITE);
  return {
    units: scarcest === INFINITE ? 1 : scarcest,
    cpu: cpu ?? 0,
    memory: memory ?? 0,
    pods: pods ?? 0,
    gpus: gpus ?? 0,
  };
}

/** Null: the template has none. */
function shareOf(field: keyof Resources, allocatable: Resources | null, template: Resources): number | null {
  if (template[field] <= 0) return null;
  return allocatable === null ? 1 : snapped(allocatable[field] / template[field]);
}

function snapped(share: number): number {
  const whole = Math.round(share);
  return whole > 0 && Math.abs(share - whole) <= SNAP * whole ? whole : share;
}

/** `a + factor * b`. */
export function addShares(a: Shares, b: Shares, factor = 1): Shares {
  return {
    units: a.units + factor * b.units,
    cpu: a.cpu + factor * b.cpu,
    memory: a.memory + factor * b.memory,
    pods: a.pods + factor * b.pods,
    gpus: a.gpus + factor * b.gpus,
  };
}

export function sumShares(all: Iterable<Shares>): Shares {
  let sum = NO_SHARES;
  for (const one of all) sum = addShares(sum, one);
  return sum;
}

/** The larger of both, one by one. */
export function maxShares(a: Shares, b: Shares): Shares {
  return {
    units: Math.max(a.units, b.units),
    cpu: Math.max(a.cpu, b.cpu),
    memory: Math.max(a.memory, b.memory),
    pods: Math.max(a.pods, b.pods),
    gpus: Math.max(a.gpus, b.gpus),
  };
}

/** Whether `has` is enough for `wanted`, but for the rounding of a division. */
export function covers(has: Shares, wanted: Shares): boolean {
  return SHARES.every((key) => has[key] + EPSILON * Math.max(1, has[key]) >= wanted[key]);
}
