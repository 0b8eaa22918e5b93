import type { CapacityType, Resources } from '@forescale/shared/domain';
import type { Random } from '@forescale/shared/time';

/** How long a machine takes from the request to its kubelet joining. */
export type BootTime =
  | { readonly kind: 'fixed'; readonly ms: number }
  /** Half of the machines take at most `p50Ms`, 95 % at most `p95Ms`. */
  | { readonly kind: 'lognormal'; readonly p50Ms: number; readonly p95Ms: number };

/** A kind of machine as a user of the simulator describes it. */
export interface OfferingSpec {
  readonly instanceType: string;
  readonly zone: string;
  readonly capacityType: CapacityType;
  readonly usdPerHour: number;
  readonly allocatable: Resources;
  /** `local` when absent. */
  readonly region?: string;
  readonly arch?: 'amd64' | 'arm64';
  readonly labels?: Readonly<Record<string, string>>;
  /** At most this many at once; no limit when absent. */
  readonly capacity?: number;
  /** A lognormal of 60 s and 100 s when absent. */
  readonly boot?: BootTime;
  /** Chance per machine and hour that it is reclaimed; when absent 0.01 for spot, and 0 for on-demand. */
  readonly reclaimsPerHour?: number;
}

/** The same with nothing left open. */
export type Offering = Required<OfferingSpec> & {
  /** `region/zone/instanceType/capacityType` */
  readonly id: string;
};

const DEFAULT_BOOT: BootTime = { kind: 'lognormal', p50Ms: 60_000, p95Ms: 100_000 };
const SPOT_RECLAIMS_PER_HOUR = 0.01;

/** The standard normal's 95th percentile: ln(p95 / p50) is this many standard deviations. */
const Z_95 = 1.6448536269514722;

export function completeOffering(spec: OfferingSpec): Offering {
  const region = spec.region ?? 'local';
  return {
    arch: 'amd64',
    labels: {},
    capacity: Number.POSITIVE_INFINITY,
    boot: DEFAULT_BOOT,
    reclaimsPerHour: spec.capacityType === 'spot' ? SPOT_RECLAIMS_PER_HOUR : 0,
    ...spec,
    region,
    id: offeringId({ ...spec, region }),
  };
}

/** What tells an offering from all others. */
export type OfferingKey = Pick<Offering, 'region' | 'zone' | 'instanceType' | 'capacityType'>;

export function offeringId({ region, zone, instanceType, capacityType }: OfferingKey): string {
  return `${region}/${zone}/${instanceType}/${capacityType}`;
}

/** One draw of the boot time; always takes one normal of `random`, so that what follows does not depend on the kind. */
export function drawBootMs(boot: BootTime, random: Random): number {
  const z = random.normal();
  if (boot.kind === 'fixed') return boot.ms;
  return boot.p50Ms * Math.exp((Math.log(boot.p95Ms / boot.p50Ms) / Z_95) * z);
}
