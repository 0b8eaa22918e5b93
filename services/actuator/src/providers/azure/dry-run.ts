import type { AzureConfig, OfferingConfig } from '@forescale/shared/config';
import { systemClock, within } from '@forescale/shared/time';
import { z } from 'zod';
import type { MachineRequest } from '../port.ts';
import { type Arm, AUTHORIZATION, COMPUTE, parsed, RESOURCES } from './arm.ts';
import { machineBody } from './machine-body.ts';
import { groupPath } from './names.ts';
import { openArm, openAzure } from './open.ts';
import { RetailPrices } from './prices.ts';
import { actionsOf } from './role.ts';

/** Sold nearly everywhere; nothing is bought of it. */
const PROBED_SIZE = 'Standard_D2s_v5';

/** Of all calls together. */
const PATIENCE_MS = 120_000;

const permissionsSchema = z.object({
  actions: z.array(z.string()).default([]),
  notActions: z.array(z.string()).default([]),
});
const groupSchema = z.object({ location: z.string().min(1) });

/**
 * What the live cloud says of the configuration, without making anything: what the role allows, whether the groups or the
 * machine to be made are as ARM takes them, and what listings and prices answer.
 */
export async function dryRun(config: AzureConfig): Promise<readonly Finding[]> {
  return await within(
    systemClock,
    PATIENCE_MS,
    (signal) => findings(config, signal),
    () => new Error(`Azure has not answered within ${PATIENCE_MS / 1_000} s`),
  );
}

interface Finding {
  readonly operation: string;
  readonly outcome: string;
}

async function findings(config: AzureConfig, signal: AbortSignal): Promise<readonly Finding[]> {
  const arm = await openArm(config);
  const results: Finding[] = await permitted(arm, config, signal);
  const attempt = async (operation: string, probe: () => Promise<string>) => {
    const outcome = await probe().catch((error: unknown) => `refused: ${messageOf(error)}`);
    results.push({ operation, outcome });
  };
  let region = '';
  await attempt('reading the resource group', async () => {
    const body = await arm.read({ path: groupPath(config), apiVersion: RESOURCES }, signal);
    region = parsed(groupSchema, body).location;
    return `in ${region}`;
  });
  await attempt('listing machines', async () => {
    const listed = await (await openAzure(config, systemClock)).list('forescale-dry-run', signal);
    return `${listed.length} of this configuration`;
  });
  if (config.machines)
    await attempt(`validating a machine of ${PROBED_SIZE}`, () =>
      validated(arm, config, probedOffering(region), signal),
    );
  await attempt('reading prices', async () => {
    const prices = new RetailPrices(config.pricesEndpoint, systemClock);
    const [price = null] = await prices.of([probedOffering(region)], signal);
    return price === null ? `none of ${PROBED_SIZE}` : `${PROBED_SIZE}: ${price} USD/h in ${region}`;
  });
  return results;
}

/** Each action that the configuration needs, held against the roles that the caller has in the resource group. */
async function permitted(arm: Arm, config: AzureConfig, signal: AbortSignal) {
  const path = `${groupPath(config)}/providers/Microsoft.Authorization/permissions`;
  const roles = await arm
    .list({ path, apiVersion: AUTHORIZATION }, signal)
    .then((listed) => listed.map((one) => parsed(permissionsSchema, one)))
    .catch((error: unknown) => messageOf(error));
  return actionsOf(config).map((operation) => {
    if (typeof roles === 'string') return { operation, outcome: `unknown: ${roles}` };
    const isAllowed = roles.some(
      ({ actions, notActions }) => actions.some(covers(operation)) && !notActions.some(covers(operation)),
    );
    return { operation, outcome: isAllowed ? 'allowed' : 'not allowed in the resource group' };
  });
}

/** "Microsoft.Compute/*" and the like. */
function covers(operation: string) {
  return (pattern: string) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.\\+?^${}()|[\]]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`, 'i').test(operation);
  };
}

/** ARM checks the machine as if it were to be made; it needs Microsoft.Resources/deployments/validate/action. */
async function validated(
  arm: Arm,
  config: AzureConfig,
  offering: OfferingConfig,
  signal: AbortSignal,
): Promise<string> {
  if (!config.machines) return 'nothing to validate';
  const name = 'forescale-dry-run';
  const request: MachineRequest = {
    requestId: name,
    token: name,
    nodeName: name,
    clusterTag: name,
    pool: name,
    offering,
    labels: {},
    taints: [],
    createdMs: 0,
    groupSize: 1,
  };
  const machine = machineBody(request, config.machines, '#cloud-config\n');
  const template = {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    resources: [{ type: 'Microsoft.Compute/virtualMachines', apiVersion: COMPUTE, name, ...machine }],
  };
  await arm.call(
    {
      method: 'POST',
      path: `${groupPath(config)}/providers/Microsoft.Resources/deployments/${name}/validate`,
      apiVersion: RESOURCES,
      body: { properties: { mode: 'Incremental', template } },
    },
    signal,
  );
  return 'valid';
}

function probedOffering(region: string): OfferingConfig {
  const place = { provider: '', region: region || 'unknown', zone: '0' };
  return {
    ...place,
    instanceType: PROBED_SIZE,
    capacityType: 'on_demand',
    usdPerHour: 0,
    allocatable: null,
    interruption: null,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
