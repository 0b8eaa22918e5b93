import type { AzureCloud } from './cloud.ts';
import type { Fleet } from './fleet.ts';
import type { Resource } from './resources.ts';

/** The scale set behind a node pool. */
export function scaleSetOf({ options }: Fleet): string {
  return `aks-${options.name}-12345678-vmss`;
}

export function memberId(cloud: AzureCloud, fleet: Fleet, member: Resource): string {
  const { subscriptionId, resourceGroup, cluster } = cloud.options;
  const isPool = cloud.agentPools.includes(fleet);
  const group = isPool ? `MC_${resourceGroup}_${cluster}_westeurope` : resourceGroup.toUpperCase();
  const name = isPool ? scaleSetOf(fleet) : fleet.options.name;
  return `/subscriptions/${subscriptionId}/resourceGroups/${group}/providers/Microsoft.Compute/virtualMachineScaleSets/${name}/virtualMachines/${fleet.idOf(member)}`;
}

export function shownMember(cloud: AzureCloud, fleet: Fleet, member: Resource) {
  return member.shown(memberId(cloud, fleet, member), cloud.nowMs, { instanceId: fleet.idOf(member) });
}

/** What the cluster calls it. */
export function nodeOf(member: Resource): string {
  return member.body.properties?.osProfile?.computerName ?? '';
}
