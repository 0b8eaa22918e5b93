import { z } from 'zod';
import { choice, flag, integer, list, section, text } from '../issues.ts';
import { joinSchema } from './join.ts';
import { limits, limitsOf } from './limits.ts';

/** Without a password or path: tokens are sent to it, so that only loopback may do without TLS. */
const endpoint = text(
  /^(https:\/\/[\w.-]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\]))(:\d{1,5})?\/?$/,
  'an https URL without a path (http on loopback only)',
).transform((url) => url.replace(/\/$/, ''));

/** Not "..", which is a step up in a path: Azure takes no name that ends with a dot. */
const resourceName = text(/^[\w.()-]{0,89}[\w()-]$/, 'a name of an Azure resource, at most 90 long');

/** "/subscriptions/…/subnets/nodes". */
function resourceId(type: string, example: string) {
  const pattern = `^/subscriptions/[\\w-]+/resourceGroups/[\\w.()-]+/providers/${type.replaceAll('.', '\\.')}$`;
  return text(new RegExp(pattern, 'i'), `a resource id such as "${example}"`);
}

const IN_GROUP = '/subscriptions/ID/resourceGroups/NAME/providers';

const image = text(
  /^([\w.-]{1,100}(:[\w.-]{1,100}){3}|\/(subscriptions|communityGalleries|sharedGalleries)\/[\w.()/-]{1,500})$/i,
  'an image such as "Canonical:ubuntu-24_04-lts:server:latest", or the resource id of one',
);

const machinesSchema = section({
  subnet: resourceId(
    'Microsoft.Network/virtualNetworks/[\\w.-]+/subnets/[\\w.-]+',
    `${IN_GROUP}/Microsoft.Network/virtualNetworks/NAME/subnets/NAME`,
  ),
  security_group: resourceId(
    'Microsoft.Network/networkSecurityGroups/[\\w.-]+',
    `${IN_GROUP}/Microsoft.Network/networkSecurityGroups/NAME`,
  ).optional(),
  /** Where the subnet has no other way out, as K3s needs for its images. */
  public_ip: flag.default(false),
  image,
  /** For sizes with processors of Arm. */
  image_arm64: image.optional(),
  admin_username: text(/^[a-z_][a-z0-9_-]{0,31}$/, 'a user name of Linux, at most 32 long').default('forescale'),
  /** Azure makes no Linux machine without a way in. */
  ssh_public_key: text(
    /^(ssh-rsa|ssh-ed25519) [\w+/=]{40,4000}( [\w.@-]{0,200})?$/,
    'a public key as in id_rsa.pub, of type ssh-rsa or ssh-ed25519',
  ),
  /** Absent: the image joins by itself. */
  join: joinSchema.optional(),
  disk_gb: integer(8, 4_095).optional(),
  disk_type: choice(['Standard_LRS', 'StandardSSD_LRS', 'Premium_LRS']).default('Premium_LRS'),
}).transform((raw) => ({
  subnet: raw.subnet,
  securityGroup: raw.security_group ?? null,
  publicIp: raw.public_ip,
  image: raw.image,
  /** Null: `image` is for all. */
  imageArm64: raw.image_arm64 ?? null,
  adminUsername: raw.admin_username,
  sshPublicKey: raw.ssh_public_key,
  /** Null: the image joins by itself. */
  join: raw.join ?? null,
  /** Null: the image's own. */
  diskGb: raw.disk_gb ?? null,
  diskType: raw.disk_type,
}));

/** A scale set or an agent pool, and which offering it is: what it makes is settled where it was made. */
const groupSchema = section({
  name: resourceName,
  instance_type: text(/^[\w.-]{1,63}$/, 'a size such as "Standard_D4s_v5"'),
  capacity_type: choice(['on_demand', 'spot']).default('on_demand'),
  /** Of a group that makes machines in one zone. */
  zone: text(/^[\w-]{1,63}$/, 'a zone').optional(),
}).transform((raw) => ({
  name: raw.name,
  instanceType: raw.instance_type,
  capacityType: raw.capacity_type,
  /** Null: whatever zone the offering names. */
  zone: raw.zone ?? null,
}));

const groups = list(groupSchema, 1, 100, 'groups').refine(
  (named) => new Set(named.map((one) => one.name.toLowerCase())).size === named.length,
  { error: 'allowed: each group once' },
);

const aksSchema = section({ cluster: resourceName, agent_pools: groups });

const MODES = ['machines', 'scale_sets', 'aks'] as const;

export const azureProvider = section({
  kind: z.literal('azure'),
  subscription_id: text(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'the id of a subscription, a UUID'),
  resource_group: resourceName,
  machines: machinesSchema.optional(),
  scale_sets: groups.optional(),
  aks: aksSchema.optional(),
  /** Instead of @azure/identity: a file that somebody keeps filled with a token for Azure Resource Manager. */
  token_file: text(/^\P{Cc}{1,4096}$/u, 'a path').optional(),
  endpoint: endpoint.default('https://management.azure.com'),
  prices_endpoint: endpoint.default('https://prices.azure.com'),
  ...limits,
})
  .superRefine((raw, context) => {
    if (MODES.filter((mode) => raw[mode] !== undefined).length !== 1)
      context.addIssue({ code: 'custom', path: [], message: `allowed: exactly one of ${MODES.join(', ')}` });
    // It is part of the id that a node is told, and scripts that join take no more than this.
    if (raw.machines?.join && !/^[\w.-]+$/.test(raw.resource_group))
      context.addIssue({ code: 'custom', path: ['resource_group'], message: 'allowed with join: no parentheses' });
  })
  .transform((raw) => ({
    kind: raw.kind,
    subscriptionId: raw.subscription_id,
    resourceGroup: raw.resource_group,
    machines: raw.machines ?? null,
    scaleSets: raw.scale_sets ?? null,
    aks: raw.aks ? { cluster: raw.aks.cluster, agentPools: raw.aks.agent_pools } : null,
    tokenFile: raw.token_file ?? null,
    endpoint: raw.endpoint,
    pricesEndpoint: raw.prices_endpoint,
    ...limitsOf(raw),
  }));

export type AzureConfig = z.output<typeof azureProvider>;
export type AzureGroupConfig = z.output<typeof groupSchema>;
export type AzureMachinesConfig = z.output<typeof machinesSchema>;
