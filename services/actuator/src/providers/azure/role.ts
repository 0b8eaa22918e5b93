import type { AzureConfig } from '@forescale/shared/config';

const MACHINES = [
  'Microsoft.Compute/virtualMachines/read',
  'Microsoft.Compute/virtualMachines/write',
  'Microsoft.Compute/virtualMachines/delete',
  'Microsoft.Compute/locations/operations/read',
  'Microsoft.Compute/disks/write',
  'Microsoft.Compute/disks/delete',
  'Microsoft.Network/networkInterfaces/write',
  'Microsoft.Network/networkInterfaces/delete',
  'Microsoft.Network/networkInterfaces/join/action',
  'Microsoft.Network/virtualNetworks/subnets/join/action',
] as const;

const PUBLIC_IP = [
  'Microsoft.Network/publicIPAddresses/write',
  'Microsoft.Network/publicIPAddresses/delete',
  'Microsoft.Network/publicIPAddresses/join/action',
] as const;

const SECURITY_GROUP = ['Microsoft.Network/networkSecurityGroups/join/action'] as const;

const SCALE_SETS = [
  'Microsoft.Compute/virtualMachineScaleSets/read',
  'Microsoft.Compute/virtualMachineScaleSets/write',
  'Microsoft.Compute/virtualMachineScaleSets/instanceView/read',
  'Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read',
  'Microsoft.Compute/virtualMachineScaleSets/delete/action',
  // Of flexible ones.
  'Microsoft.Compute/virtualMachines/read',
] as const;

const AGENT_POOLS = [
  'Microsoft.ContainerService/managedClusters/agentPools/read',
  'Microsoft.ContainerService/managedClusters/agentPools/write',
  'Microsoft.ContainerService/managedClusters/agentPools/machines/read',
  'Microsoft.ContainerService/managedClusters/agentPools/deleteMachines/action',
  // Where the pool has a subnet of its own.
  'Microsoft.Network/virtualNetworks/subnets/join/action',
  // In the node resource group.
  'Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read',
] as const;

/** The actions that a role must allow for this configuration; docs/providers/azure.md has them as roles. */
export function actionsOf({ machines, aks }: AzureConfig): readonly string[] {
  if (aks) return AGENT_POOLS;
  if (!machines) return SCALE_SETS;
  return [
    ...MACHINES,
    ...(machines.publicIp ? PUBLIC_IP : []),
    ...(machines.securityGroup !== null ? SECURITY_GROUP : []),
  ];
}
