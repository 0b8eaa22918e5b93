import type { AzureCloud } from './cloud.ts';
import type { Fleet } from './fleet.ts';
import { scaleSetOf, shownMember } from './fleet-answers.ts';
import { apiVersionOf } from './models.ts';
import { Refusal } from './replies.ts';
import { checkedBody, found, type Route } from './route.ts';

const COMPUTE = 'Microsoft.Compute';
const SCALE_SET = `resourceGroups/*/providers/${COMPUTE}/virtualMachineScaleSets/*`;

/** Of scale sets, those behind node pools among them. */
export function scaleSetRoutes(cloud: AzureCloud): readonly Route[] {
  const apiVersion = apiVersionOf(COMPUTE) ?? '';
  const read = { method: 'GET', call: 'read', apiVersion } as const;
  const action = `${COMPUTE}/virtualMachineScaleSets`;
  const own = (name = '') =>
    found(
      cloud.scaleSets.find((one) => one.options.name === name),
      `${action}/${name}`,
    );
  const any = (name = '') => cloud.agentPools.find((one) => scaleSetOf(one) === name) ?? own(name);
  const members = (fleet: Fleet) => fleet.members.filter((member) => cloud.isShown(member));
  return [
    {
      ...read,
      path: SCALE_SET,
      action: `${action}/read`,
      run: ({ names }) => ({ status: 200, body: shownSet(own(names[1])) }),
    },
    {
      ...read,
      path: `${SCALE_SET}/instanceView`,
      action: `${action}/instanceView/read`,
      run: ({ names }) => ({ status: 200, body: { statuses: statusesOf(own(names[1])) } }),
    },
    {
      ...read,
      path: `${SCALE_SET}/virtualMachines`,
      action: `${action}/virtualMachines/read`,
      run: ({ names }) => members(any(names[1])).map((one) => shownMember(cloud, any(names[1]), one)),
    },
    {
      ...read,
      path: `${SCALE_SET}/virtualMachines/*`,
      action: `${action}/virtualMachines/read`,
      run: ({ names }) => {
        const fleet = any(names[1]);
        const member = members(fleet).find((one) => fleet.idOf(one) === names[2]);
        return { status: 200, body: shownMember(cloud, fleet, found(member, `${action}/${names[2]}`)) };
      },
    },
    {
      method: 'PATCH',
      call: 'create',
      apiVersion,
      path: SCALE_SET,
      action: `${action}/write`,
      run: ({ names, body, headers }) => {
        const fleet = own(names[1]);
        const { sku } = checkedBody<{ sku?: { name?: string; capacity?: number } }>(
          COMPUTE,
          'VirtualMachineScaleSetUpdate',
          body,
        );
        if (sku?.name !== fleet.options.size) throw new Refusal(400, 'InvalidParameter', `sku.name: ${sku?.name}`);
        return cloud.resize(fleet, sku.capacity ?? -1, headers['if-match']) ?? { status: 202, body: shownSet(fleet) };
      },
    },
    {
      method: 'POST',
      call: 'terminate',
      apiVersion,
      path: `${SCALE_SET}/delete`,
      action: `${action}/delete/action`,
      run: ({ names, body }) => {
        const { instanceIds } = checkedBody<{ instanceIds: string[] }>(
          COMPUTE,
          'VirtualMachineScaleSetVMInstanceRequiredIDs',
          body,
        );
        own(names[1]).remove(instanceIds, cloud.nowMs);
        return { status: 202 };
      },
    },
  ];
}

function shownSet(fleet: Fleet) {
  const { name, size, isSpot, isFlexible } = fleet.options;
  return {
    name,
    location: 'westeurope',
    etag: fleet.etag,
    sku: { name: size, tier: 'Standard', capacity: fleet.capacity },
    properties: {
      orchestrationMode: isFlexible ? 'Flexible' : 'Uniform',
      overprovision: fleet.overprovisions,
      provisioningState: fleet.failure ? 'Failed' : 'Succeeded',
      virtualMachineProfile: { priority: isSpot ? 'Spot' : 'Regular' },
    },
  };
}

function statusesOf({ failure }: Fleet) {
  if (!failure) return [{ code: 'ProvisioningState/succeeded', level: 'Info' }];
  const { code, message, atMs } = failure;
  return [{ code: `ProvisioningState/failed/${code}`, level: 'Error', message, time: new Date(atMs).toISOString() }];
}
