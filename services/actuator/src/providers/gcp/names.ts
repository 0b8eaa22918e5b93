import { createHash } from 'node:crypto';
import { ProviderError } from '../errors.ts';
import type { MachineRequest } from '../port.ts';

/** Labels of Google Cloud take a-z, 0-9, "_" and "-", and no dots. */
export const LABELS = {
  cluster: 'forescale-cluster',
  pool: 'forescale-pool',
  request: 'forescale-request',
  node: 'forescale-node',
} as const;

const NAME_MAX = 63;
const NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const ZONE = /^[a-z]+-[a-z]+\d{1,2}-[a-z]$/;

export const isZone = (location: string): boolean => ZONE.test(location);

/** "us-central1" of "us-central1-a". */
export const regionOf = (zone: string): string => zone.replace(/-[a-z]$/, '');

/** The last part of a URL, which is the resource's name. */
export const lastOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

/** The zone in a resource's URL; empty where it has none. */
export const zoneIn = (url: string): string => /\/zones\/([a-z0-9-]+)\//.exec(url)?.[1] ?? '';

/** By which a machine is known: its name is unique only in its zone. */
export const machineId = (zone: string, name: string): string => `${zone}/${name}`;

export const providerIdOf = (project: string, zone: string, name: string): string => `gce://${project}/${zone}/${name}`;

/**
 * The name of the node's machine, always the same: a second machine for it is refused as a name that is taken. A node's name
 * that is none for a machine, since it begins with a digit or is long, gets 8 digits of its hash behind it.
 */
export function instanceName(nodeName: string): string {
  if (NAME.test(nodeName)) return nodeName;
  const hash = createHash('sha256').update(nodeName).digest('hex').slice(0, 8);
  const readable = nodeName.toLowerCase().replace(/[^a-z0-9-]/g, '-');
  return `n-${readable}`
    .slice(0, NAME_MAX - 9)
    .replace(/-+$/, '')
    .concat('-', hash);
}

/**
 * `requestId` of a call: a UUID of the token, which Google Cloud answers with the first call's operation for as long as it
 * remembers. `failed`: how many of those have made nothing, after which it is another call.
 */
export function callId(token: string, failed: number): string {
  const hash = createHash('sha256').update(`${failed}\n${token}`).digest('hex');
  // Version 8, of one's own making.
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `a${hash.slice(17, 20)}`];
  return [...parts, hash.slice(20, 32)].join('-');
}

/** Throws `ProviderError` where a value is none that a label takes: what is listed by it must be written as it is. */
export function labelsOf(request: MachineRequest): Record<string, string> {
  const labels = {
    [LABELS.cluster]: request.clusterTag,
    [LABELS.pool]: request.pool,
    [LABELS.request]: request.requestId,
    [LABELS.node]: request.nodeName,
  };
  for (const [key, value] of Object.entries(labels)) checkLabel(key, value);
  return labels;
}

/** `labels.forescale-cluster = "…"`, of a value that needs no escapes. */
export function labelFilter(key: string, value: string): string {
  checkLabel(key, value);
  return `(labels.${key} = "${value}")`;
}

function checkLabel(key: string, value: string): void {
  if (/^[a-z0-9_-]{1,63}$/.test(value)) return;
  const allowed = 'text of a-z, 0-9, "_" and "-", at most 63 long';
  throw new ProviderError('config', `label ${key} = ${JSON.stringify(value.slice(0, 80))}: allowed: ${allowed}`);
}
