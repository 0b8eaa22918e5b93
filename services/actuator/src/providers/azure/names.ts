import type { OfferingConfig } from '@forescale/shared/config';
import { ProviderError } from '../errors.ts';

/** Azure takes no "/" in names of tags. */
export const TAGS = {
  cluster: 'forescale-cluster',
  pool: 'forescale-pool',
  request: 'forescale-request',
  node: 'forescale-node',
} as const;

export interface Scope {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

export function groupPath({ subscriptionId, resourceGroup }: Scope): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
}

export function machinesPath(scope: Scope): string {
  return `${groupPath(scope)}/providers/Microsoft.Compute/virtualMachines`;
}

export function machinePath(scope: Scope, name: string): string {
  return `${machinesPath(scope)}/${encodeURIComponent(name)}`;
}

/** As the cloud's own controller writes it into `spec.providerID`: with the resource group in small letters. */
export function providerIdOf(resourceId: string): string {
  return `azure://${resourceId.replace(/(?<=\/resourceGroups\/)[^/]+/i, (name) => name.toLowerCase())}`;
}

/**
 * What ARM calls the zone: "2" of "westeurope-2", which is what nodes are labelled with, and of "2"; none of "0", of the
 * region itself and of "local", which are machines without a zone.
 */
export function armZones({ region, zone }: Pick<OfferingConfig, 'region' | 'zone'>): readonly string[] {
  const bare = zone.startsWith(`${region}-`) ? zone.slice(region.length + 1) : zone;
  if (['', '0', 'local', region].includes(bare)) return [];
  if (/^[1-9]$/.test(bare)) return [bare];
  throw new ProviderError('config', `zone ${JSON.stringify(zone)}: allowed: "1" or "${region}-1", or "0" for none`);
}
