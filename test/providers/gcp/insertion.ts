import { invalid } from './refusals.ts';

const MACHINE_TYPES = ['e2-standard-4', 'n2-standard-8'];
const METADATA_BYTES_MAX = 262_144;
const LABELS_MAX = 64;

/** What is read of a machine's body; names and types were checked before, against the published ones. */
export interface InstanceBody {
  readonly name: string;
  readonly machineType: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly disks?: readonly {
    readonly boot?: boolean;
    readonly autoDelete?: boolean;
    readonly initializeParams?: { readonly sourceImage?: string; readonly diskType?: string };
  }[];
  readonly networkInterfaces?: readonly { readonly network?: string; readonly subnetwork?: string }[];
  readonly scheduling?: {
    readonly provisioningModel?: string;
    readonly instanceTerminationAction?: string;
    readonly automaticRestart?: boolean;
    readonly onHostMaintenance?: string;
  };
  readonly metadata?: { readonly items?: readonly { readonly key: string; readonly value: string }[] };
  readonly serviceAccounts?: readonly unknown[];
}

export const modelOf = ({ scheduling }: InstanceBody) => scheduling?.provisioningModel ?? 'STANDARD';

/** Throws what Compute Engine would refuse of such a machine in the zone, as far as it is known. */
export function checkInsertion(zone: string, body: InstanceBody): void {
  const refuse = (field: string, why: string): never => {
    throw invalid(`Invalid value for field 'resource.${field}': ${why}`);
  };
  if (!/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(body.name ?? ''))
    refuse('name', `'${body.name}'. Must be a match of regex`);
  if (!MACHINE_TYPES.some((type) => body.machineType === `zones/${zone}/machineTypes/${type}`))
    refuse('machineType', `'${body.machineType}'. The referenced resource cannot be found.`);
  checkLabels(body.labels ?? {}, refuse);
  checkDisk(zone, body.disks ?? [], refuse);
  const [network, second] = body.networkInterfaces ?? [];
  if (second || (network?.network ?? network?.subnetwork) === undefined)
    refuse('networkInterfaces', 'exactly one with a network or subnetwork is known here.');
  if ((body.serviceAccounts ?? []).length > 1) refuse('serviceAccounts', 'at most one.');
  for (const { key, value } of body.metadata?.items ?? [])
    if (Buffer.byteLength(value) > METADATA_BYTES_MAX) refuse('metadata.items', `${key} is too large.`);
  checkScheduling(body, refuse);
}

type Refuse = (field: string, why: string) => never;

function checkLabels(labels: Readonly<Record<string, string>>, refuse: Refuse): void {
  if (Object.keys(labels).length > LABELS_MAX) refuse('labels', 'too many.');
  for (const [key, value] of Object.entries(labels)) {
    if (!/^[a-z][a-z0-9_-]{0,62}$/.test(key) || !/^[a-z0-9_-]{0,63}$/.test(value))
      refuse('labels', `'${key}=${value}'.`);
  }
}

function checkDisk(zone: string, disks: NonNullable<InstanceBody['disks']>, refuse: Refuse): void {
  const [disk] = disks;
  if (disks.length !== 1 || !disk?.boot) refuse('disks', 'exactly one boot disk is known here.');
  const { sourceImage = '', diskType = '' } = disk?.initializeParams ?? {};
  if (!/^(projects\/[a-z0-9-]+\/)?global\/images\/(family\/)?[a-z0-9-]+$/.test(sourceImage))
    refuse('disks[0].initializeParams.sourceImage', `'${sourceImage}'. The URL is malformed.`);
  if (!new RegExp(`^zones/${zone}/diskTypes/[a-z0-9-]+$`).test(diskType))
    refuse('disks[0].initializeParams.diskType', `'${diskType}'. The referenced resource cannot be found.`);
}

function checkScheduling(body: InstanceBody, refuse: Refuse): void {
  const { automaticRestart = true, onHostMaintenance = 'MIGRATE', instanceTerminationAction } = body.scheduling ?? {};
  const isSpot = modelOf(body) === 'SPOT';
  if (isSpot && (automaticRestart || onHostMaintenance !== 'TERMINATE'))
    refuse('scheduling', 'SPOT needs automaticRestart false and onHostMaintenance TERMINATE.');
  if (!isSpot && instanceTerminationAction !== undefined)
    refuse('scheduling.instanceTerminationAction', 'only SPOT has one.');
}
