import type { AzureCloud } from './cloud.ts';
import type { Fleet } from './fleet.ts';
import { memberId, nodeOf } from './fleet-answers.ts';
import { apiVersionOf } from './models.ts';
import { REFUSALS, Refusal } from './replies.ts';
import type { Resource } from './resources.ts';
import { checkedBody, found, type Route } from './route.ts';

const AKS = 'Microsoft.ContainerService';
const POOL = `resourceGroups/*/providers/${AKS}/managedClusters/*/agentPools/*`;

/** Of the node pools of a cluster. */
export function agentPoolRoutes(cloud: AzureCloud): readonly Route[] {
  const apiVersion = apiVersionOf(AKS) ?? '';
  const read = { method: 'GET', call: 'read', apiVersion } as const;
  const action = `${AKS}/managedClusters/agentPools`;
  const pool = (name = '') =>
    found(
      cloud.agentPools.find((one) => one.options.name === name),
      `${action}/${name}`,
    );
  const shown = (fleet: Fleet) => fleet.members.filter((member) => cloud.isShown(member));
  return [
    {
      ...read,
      path: POOL,
      action: `${action}/read`,
      run: ({ names }) => ({ status: 200, body: shownPool(pool(names[2])) }),
    },
    {
      ...read,
      path: `${POOL}/machines`,
      action: `${action}/machines/read`,
      run: ({ names }) => shown(pool(names[2])).map((one) => shownMachine(cloud, pool(names[2]), one)),
    },
    {
      ...read,
      path: `${POOL}/machines/*`,
      action: `${action}/machines/read`,
      run: ({ names }) => {
        const machine = shown(pool(names[2])).find((one) => nodeOf(one) === names[3]);
        return { status: 200, body: shownMachine(cloud, pool(names[2]), found(machine, `machines/${names[3]}`)) };
      },
    },
    {
      method: 'PUT',
      call: 'create',
      apiVersion,
      path: POOL,
      action: `${action}/write`,
      run: ({ names, body, headers, needs }) => {
        const fleet = pool(names[2]);
        const { properties } = checkedBody<{ properties?: Readonly<Record<string, unknown>> }>(AKS, 'AgentPool', body);
        // What is left out of a PUT goes back to its default, and most of that may not be changed.
        const lost = Object.entries(settingsOf(fleet)).find(
          ([key, value]) => JSON.stringify(properties?.[key]) !== JSON.stringify(value),
        );
        if (lost)
          throw new Refusal(
            400,
            'PropertyChangeNotAllowed',
            `Changing property 'properties.${lost[0]}' is not allowed.`,
          );
        needs(['Microsoft.Network/virtualNetworks/subnets/join/action']);
        return (
          cloud.resize(fleet, Number(properties?.count ?? 1), headers['if-match']) ?? {
            status: 200,
            body: shownPool(fleet),
          }
        );
      },
    },
    {
      method: 'POST',
      call: 'terminate',
      apiVersion,
      path: `${POOL}/deleteMachines`,
      action: `${action}/deleteMachines/action`,
      run: ({ names, body }) => {
        const fleet = pool(names[2]);
        const { machineNames } = checkedBody<{ machineNames: string[] }>(AKS, 'AgentPoolDeleteMachinesParameter', body);
        if (cloud.isBusy(fleet)) return REFUSALS.busy;
        const members = machineNames.map((name) =>
          found(
            fleet.members.find((one) => nodeOf(one) === name),
            `machines/${name}`,
          ),
        );
        fleet.remove(
          members.map((one) => fleet.idOf(one)),
          cloud.nowMs,
        );
        return { status: 202, headers: { 'retry-after': '15' } };
      },
    },
  ];
}

function settingsOf(fleet: Fleet): Readonly<Record<string, unknown>> {
  const { size, isSpot, zone } = fleet.options;
  return {
    vmSize: size,
    osDiskSizeGB: 128,
    osDiskType: 'Managed',
    maxPods: 110,
    type: 'VirtualMachineScaleSets',
    mode: 'User',
    osType: 'Linux',
    osSKU: 'Ubuntu',
    enableAutoScaling: fleet.isAutoscaled,
    scaleDownMode: fleet.scaleDownMode,
    vnetSubnetID: '/subscriptions/s/resourceGroups/n/providers/Microsoft.Network/virtualNetworks/v/subnets/nodes',
    nodeLabels: { role: 'web' },
    ...(zone !== null && { availabilityZones: [zone] }),
    ...(isSpot && { scaleSetPriority: 'Spot', scaleSetEvictionPolicy: 'Delete', spotMaxPrice: -1 }),
  };
}

function shownPool(fleet: Fleet) {
  const { failure, etag, capacity, options } = fleet;
  return {
    id: `/subscriptions/s/agentPools/${options.name}`,
    name: options.name,
    type: 'Microsoft.ContainerService/managedClusters/agentPools',
    properties: {
      ...settingsOf(fleet),
      count: capacity,
      eTag: etag,
      provisioningState: failure ? 'Failed' : 'Succeeded',
      currentOrchestratorVersion: '1.33.5',
      nodeImageVersion: 'AKSUbuntu-2204gen2containerd-202511.01.0',
      ...(failure && { status: { provisioningError: { code: failure.code, message: failure.message } } }),
    },
  };
}

function shownMachine(cloud: AzureCloud, fleet: Fleet, member: Resource) {
  const network = { ipAddresses: [{ family: 'IPv4', ip: '10.224.0.4' }] };
  return { name: nodeOf(member), properties: { network, resourceId: memberId(cloud, fleet, member) } };
}
