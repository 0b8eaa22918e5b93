import type { GcpConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';
import type { MachineProvider } from '../port.ts';
import { GcpApi } from './api.ts';
import { GcpGroups } from './group-provider.ts';
import { instanceGroups, nodePools } from './groups.ts';
import { GcpMachines } from './machine-provider.ts';
import { tokenSource } from './token.ts';

/** Single machines, managed instance groups or the node pools of a GKE cluster, as the configuration says. */
export async function openGcp(config: GcpConfig, clock: Clock): Promise<MachineProvider> {
  const api = new GcpApi(config, await tokenSource(config), clock);
  if (config.machines !== null) return new GcpMachines(api, config.machines, clock);
  return new GcpGroups(api, config.gke === null ? instanceGroups(config) : nodePools(config.gke, api), clock);
}
