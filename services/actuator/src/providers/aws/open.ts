import type { AwsConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';
import type { MachineProvider } from '../port.ts';
import { loadPackages } from './clients.ts';

/** Machines one by one, or in groups, as the configuration says. Rejects with `ConfigError` where a package is missing. */
export async function openAws(config: AwsConfig, clock: Clock): Promise<MachineProvider> {
  await loadPackages(config);
  if (config.groups.length > 0) return new (await import('./groups.ts')).AwsGroups(config, clock);
  return new (await import('./provider.ts')).AwsMachines(config, clock);
}
