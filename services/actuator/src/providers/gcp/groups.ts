import type { GcpConfig, OfferingConfig } from '@forescale/shared/config';
import { ProviderError } from '../errors.ts';
import { nodePoolSchema } from './answers.ts';
import type { GcpApi } from './api.ts';
import { isZone, lastOf, regionOf, zoneIn } from './names.ts';

/** A managed instance group, of one zone or of one region. */
export interface GroupRef {
  /** As `groupOf` says it. */
  readonly group: string;
  readonly location: string;
  readonly name: string;
}

/** Where the groups of the configuration are, and which of them sells an offering. */
export interface GroupBook {
  groupOf(offering: OfferingConfig): string | null;
  find(group: string, signal: AbortSignal): Promise<GroupRef>;
  all(signal: AbortSignal): Promise<readonly GroupRef[]>;
}

/** "zones/us-central1-a" or "regions/us-central1". */
export const scopeOf = (location: string): string => `${isZone(location) ? 'zones' : 'regions'}/${location}`;

/** Managed instance groups that the configuration names: `us-central1-a/web`. */
export function instanceGroups({ instanceGroups: named }: GcpConfig): GroupBook {
  const refs = named.map((one) => ({ ...one, group: `${one.location}/${one.name}` }));
  return {
    groupOf: ({ instanceType, capacityType, zone, region }) =>
      refs.find(
        (one) =>
          one.instanceType === instanceType &&
          one.capacityType === capacityType &&
          (one.location === zone || one.location === region),
      )?.group ?? null,
    async find(group) {
      return refs.find((one) => one.group === group) ?? unknown(group);
    },
    all: async () => refs,
  };
}

/**
 * The node pools of a GKE cluster: `us-central1/prod/web/us-central1-a` is what pool `web` has in that zone. GKE keeps a
 * managed instance group for each zone, and its own autoscaler resizes those, as is done here: `nodePools.setSize` counts
 * per zone, cannot say which node goes, and holds up every other change of the cluster while it runs.
 */
export function nodePools(gke: NonNullable<GcpConfig['gke']>, api: GcpApi): GroupBook {
  const { cluster, location } = gke;
  const prefix = (name: string) => `${location}/${cluster}/${name}`;

  async function poolOf(name: string, signal: AbortSignal) {
    const url = api.container(`locations/${location}/clusters/${cluster}/nodePools/${name}`);
    const { autoscaling, instanceGroupUrls } = await api.call(nodePoolSchema, 'GET', url, signal);
    const groups = instanceGroupUrls.map((one): GroupRef => {
      const zone = zoneIn(one);
      return { group: `${prefix(name)}/${zone}`, location: zone, name: lastOf(one) };
    });
    return { groups, isAutoscaled: autoscaling.enabled };
  }

  return {
    groupOf({ instanceType, capacityType, zone, region }) {
      const pool = gke.nodePools.find((one) => one.instanceType === instanceType && one.capacityType === capacityType);
      const isThere = region === (isZone(location) ? regionOf(location) : location) && isZone(zone);
      return pool && isThere ? `${prefix(pool.name)}/${zone}` : null;
    },
    async find(group, signal) {
      const pool = gke.nodePools.find((one) => group.startsWith(`${prefix(one.name)}/`));
      if (!pool) return unknown(group);
      const { groups, isAutoscaled } = await poolOf(pool.name, signal);
      // Two that set the size of one group undo each other's.
      if (isAutoscaled)
        throw new ProviderError(
          'config',
          `node pool ${prefix(pool.name)}: GKE scales it itself; allowed: without autoscaling`,
        );
      return groups.find((one) => one.group === group) ?? unknown(group);
    },
    async all(signal) {
      return (await Promise.all(gke.nodePools.map(({ name }) => poolOf(name, signal)))).flatMap(({ groups }) => groups);
    },
  };
}

function unknown(group: string): never {
  throw new ProviderError('config', `there is no group ${JSON.stringify(group.slice(0, 200))}`);
}
