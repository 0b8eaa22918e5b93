import type { AzureConfig, OfferingConfig } from '@forescale/shared/config';
import { systemClock, within } from '@forescale/shared/time';
import { z } from 'zod';
import { type DryRunStep, dryRunOf } from '../dry-run.ts';
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
export async function dryRun(config: AzureConfig): Promise<readonly DryRunStep[]> {
  return await within(
    systemClock,
    PATIENCE_MS,
    (signal) => findings(config, signal),
    () => new Error(`Azure has not answered within ${PATIENCE_MS / 1_000} s`),
  );
}

async function findings(config: AzureConfig, signal: AbortSignal): Promise<readonly DryRunStep[]> {
  const arm = await openArm(config);
  let region = 'unknown';
  const steps = await dryRunOf([
    [
      'reading the resource group',
      async () => {
        const body = await arm.read({ path: groupPath(config), apiVersion: RESOURCES }, signal);
        region = parsed(groupSchema, body).location;
        return `ok: in ${region}`;
      },
    ],
    [
      'listing machines',
      async () => {
        const listed = await (await openAzure(config, systemClock)).list('forescale-dry-run', signal);
        return `ok: ${listed.length} of this configuration`;
      },
    ],
    [`validating a machine of ${PROBED_SIZE}`, () => validated(arm, config, probedOffering(region), signal)],
    [
      'reading prices',
      async () => {
        const prices = new RetailPrices(config.pricesEndpoint, systemClock);
        const [price = null] = await prices.of([probedOffering(region)], signal);
        return price === null ? `none of ${PROBED_SIZE}` : `ok: ${PROBED_SIZE} costs ${price} USD/h in ${region}`;
      },
    ],
  ]);
  return [...(await permitted(arm, config, signal)), ...steps];
}

/** Each action that the configuration needs, held against the roles that the caller has in the resource group. */
async function permitted(arm: Arm, config: AzureConfig, signal: AbortSignal): Promise<readonly DryRunStep[]> {
  const path = `${groupPath(config)}/providers/Microsoft.Authorization/permissions`;
  const roles = arm
    .list({ path, apiVersion: AUTHORIZATION }, signal)
    .then((listed) => listed.map((one) => parsed(permissionsSchema, one)));
  return await dryRunOf(
    actionsOf(config).map((operation) => [
      operation,
      async () => {
        const isAllowed = (await roles).some(
          ({ actions, notActions }) => actions.some(covers(operation)) && !notActions.some(covers(operation)),
        );
        return isAllowed ? 'ok' : 'fails: no role allows it in the resource group';
      },
    ]),
  );
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
  if (!config.machines) return 'not asked: groups make the machines';
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
  return 'ok';
}

function probedOffering(region: string): OfferingConfig {
  const place = { provider: '', region, zone: '0' };
  return {
    ...place,
    instanceType: PROBED_SIZE,
    capacityType: 'on_demand',
    usdPerHour: 0,
    allocatable: null,
    interruption: null,
  };
}
