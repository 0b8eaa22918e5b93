import { ConfigError, type SingleProviderConfig } from '@forescale/shared/config';
import type { DryRunStep } from './dry-run.ts';

/** Looks whether a provider would serve as it is configured, without making or changing anything. */
export async function dryRun(config: SingleProviderConfig): Promise<readonly DryRunStep[]> {
  switch (config.kind) {
    case 'buffer':
      return await (await import('./buffer/dry-run.ts')).dryRun(config);
    case 'clusterapi':
      return await (await import('./clusterapi/dry-run.ts')).dryRun(config);
    case 'docker':
      return await (await import('./docker/dry-run.ts')).dryRun(config);
    case 'aws':
      return await (await import('./aws/dry-run.ts')).dryRun(config);
    case 'gcp':
      return await (await import('./gcp/dry-run.ts')).dryRun(config);
    case 'azure':
      return await (await import('./azure/dry-run.ts')).dryRun(config);
    case 'hetzner':
      return await (await import('./hetzner/dry-run.ts')).dryRun(config);
    case 'externalgrpc':
      return await (await import('./externalgrpc/dry-run.ts')).dryRun(config);
    default:
      throw new ConfigError(`provider.kind = ${config.kind}: there is nothing that a dry run could look at`);
  }
}
