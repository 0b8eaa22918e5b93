import type { AzureCloud } from './cloud.ts';
import { checkedMachine, linkedActions, linkedDeletions } from './machine-rules.ts';
import { apiVersionOf } from './models.ts';
import { Refusal } from './replies.ts';
import { found, type Route } from './route.ts';

const VERSION = apiVersionOf('Microsoft.Compute') ?? '';
const GROUP = 'resourceGroups/*';
const MACHINES = `${GROUP}/providers/Microsoft.Compute/virtualMachines`;

/** Of the resource group, its machines, and what a dry run asks. */
export function machineRoutes(cloud: AzureCloud): readonly Route[] {
  const read = { method: 'GET', call: 'read', apiVersion: VERSION } as const;
  const action = 'Microsoft.Compute/virtualMachines';
  return [
    {
      ...read,
      path: MACHINES,
      action: `${action}/read`,
      query: ['$filter'],
      run: ({ query }) => {
        const filter = query.get('$filter');
        const [, scaleSet] =
          /^'virtualMachineScaleSet\/id' eq '.+\/virtualMachineScaleSets\/([^/']+)'$/.exec(filter ?? '') ?? [];
        if (filter !== null && scaleSet === undefined) throw new Refusal(400, 'InvalidParameter', `$filter: ${filter}`);
        return cloud.listed(scaleSet ?? null);
      },
    },
    {
      ...read,
      path: `${MACHINES}/*`,
      action: `${action}/read`,
      query: ['$expand'],
      run: ({ names, query }) => {
        const [, name = ''] = names;
        const known = cloud.machine(name);
        const machine = found(
          known && cloud.isShown(known) ? known : undefined,
          `Microsoft.Compute/virtualMachines/${name}`,
        );
        const expand = query.get('$expand');
        if (expand !== null && !['instanceView', 'userData'].includes(expand))
          throw new Refusal(400, 'InvalidParameter', `$expand: ${expand}`);
        const body = machine.shown(cloud.idOf(machine), cloud.nowMs);
        if (expand !== 'instanceView') return { status: 200, body };
        const instanceView = { statuses: machine.statuses(cloud.nowMs) };
        return { status: 200, body: { ...body, properties: { ...body.properties, instanceView } } };
      },
    },
    {
      method: 'PUT',
      call: 'create',
      apiVersion: VERSION,
      path: `${MACHINES}/*`,
      action: `${action}/write`,
      run: ({ names, body, headers, needs }) => {
        const reply = cloud.put(names[1] ?? '', body, headers);
        needs(linkedActions(checkedMachine(body)));
        return reply;
      },
    },
    {
      method: 'DELETE',
      call: 'terminate',
      apiVersion: VERSION,
      path: `${MACHINES}/*`,
      action: `${action}/delete`,
      run: ({ names, needs }) => {
        const machine = cloud.machine(names[1] ?? '');
        if (machine?.scaleSet === null) needs(linkedDeletions(machine.body));
        return cloud.delete(names[1] ?? '');
      },
    },
    {
      ...read,
      path: 'providers/Microsoft.Compute/locations/*/operations/*',
      action: 'Microsoft.Compute/locations/operations/read',
      run: ({ names }) => cloud.operation(names[1] ?? ''),
    },
    ...dryRunRoutes(cloud),
  ];
}

function dryRunRoutes({ options }: AzureCloud): readonly Route[] {
  return [
    {
      method: 'GET',
      call: 'read',
      apiVersion: '2021-04-01',
      path: GROUP,
      action: 'Microsoft.Resources/subscriptions/resourceGroups/read',
      run: () => ({ status: 200, body: { name: options.resourceGroup, location: 'westeurope' } }),
    },
    {
      method: 'GET',
      call: 'read',
      apiVersion: '2022-04-01',
      path: `${GROUP}/providers/Microsoft.Authorization/permissions`,
      action: 'Microsoft.Authorization/permissions/read',
      run: () => [{ actions: ['Microsoft.Compute/*', '*/read'], notActions: ['Microsoft.Compute/disks/delete'] }],
    },
    {
      method: 'POST',
      call: 'read',
      apiVersion: '2021-04-01',
      path: `${GROUP}/providers/Microsoft.Resources/deployments/*/validate`,
      action: 'Microsoft.Resources/deployments/validate/action',
      run: ({ body }) => {
        const { properties } = body as { properties: { template: { resources: readonly Record<string, unknown>[] } } };
        for (const { type, apiVersion, name, ...machine } of properties.template.resources) {
          if (type !== 'Microsoft.Compute/virtualMachines' || apiVersion !== VERSION || typeof name !== 'string')
            throw new Refusal(400, 'InvalidTemplate', `${String(type)} ${String(apiVersion)}`);
          checkedMachine(machine);
        }
        return { status: 200, body: { properties: { provisioningState: 'Succeeded' } } };
      },
    },
  ];
}
