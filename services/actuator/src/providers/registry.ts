import type { SingleProviderConfig } from '@forescale/shared/config';
import type { KubeConfig } from '@forescale/shared/kubernetes';
import type { Clock } from '@forescale/shared/time';
import type { MachineProvider } from './port.ts';

/** How fast and how often a provider may be called, and the name under which its calls share one breaker. */
export interface ProviderAccess {
  /** The account or end point: pools with the same key share limits and breakers. */
  readonly key: string;
  readonly concurrency: number;
  readonly ratePerSecond: number | null;
}

/** What providers work with besides their configuration. */
export interface ProviderParts {
  /** Of the waits between the calls of one operation. */
  readonly clock: Clock;
  /** The cluster that is scaled; null where there is none. */
  readonly kube: KubeConfig | null;
}

/** Opens the provider that the configuration names. Each is loaded only where it is used. */
export async function openProvider(config: SingleProviderConfig, _parts: ProviderParts): Promise<MachineProvider> {
  switch (config.kind) {
    case 'none':
      return new (await import('./none/provider.ts')).NoProvider();
    case 'simulated':
      return new (await import('./simulated/provider.ts')).SimulatedProvider(config.url);
  }
}

export function providerAccess(config: SingleProviderConfig): ProviderAccess {
  if (config.kind === 'none') return { key: 'none', concurrency: 1, ratePerSecond: null };
  const { concurrency, ratePerSecond } = config;
  return { key: `${config.kind} ${accountOf(config)}`, concurrency, ratePerSecond };
}

/** What tells the end point or account of a provider from others of its kind. */
function accountOf(config: Exclude<SingleProviderConfig, { kind: 'none' }>): string {
  switch (config.kind) {
    case 'simulated':
      return config.url;
  }
}
