import type { AzureConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';
import type { MachineProvider } from '../port.ts';
import { AgentPools } from './agent-pools.ts';
import { Arm } from './arm.ts';
import { tokenByIdentity, tokenInFile } from './credential.ts';
import { AzureGroups } from './groups.ts';
import { AzureMachines } from './machines.ts';
import { RetailPrices } from './prices.ts';
import { ScaleSets } from './scale-sets.ts';

export async function openArm({ tokenFile, endpoint }: AzureConfig): Promise<Arm> {
  return new Arm(endpoint, tokenFile === null ? await tokenByIdentity(endpoint) : tokenInFile(tokenFile));
}

/** The provider that the configuration describes: machines, scale sets or agent pools. */
export async function openAzure(config: AzureConfig, clock: Clock): Promise<MachineProvider> {
  const arm = await openArm(config);
  const prices = new RetailPrices(config.pricesEndpoint, clock);
  const { machines, scaleSets, aks } = config;
  if (machines) return new AzureMachines({ config, arm, prices, clock }, machines);
  if (aks) return new AzureGroups(new AgentPools(arm, config, aks.cluster, clock), aks.agentPools, prices);
  return new AzureGroups(new ScaleSets(arm, config, clock), scaleSets ?? [], prices);
}
