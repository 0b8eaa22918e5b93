import { ConfigError, parseConfig, providersOf, type SingleProviderConfig } from '@forescale/shared/config';
import { systemClock } from '@forescale/shared/time';
import { expect, it } from 'vitest';
import { openProvider } from '../registry.ts';

it('a kubeconfig that is not there is named, with its field, at the start', async () => {
  const provider = '{kind: clusterapi, kubeconfig: /none/config, groups: [{name: web, instance_type: small}]}';
  const [pool] = parseConfig(`autoscaler: {pools: [{provider: ${provider}}]}`, 'test', {}).pools;
  const [config] = [...providersOf(pool?.provider ?? { kind: 'none' }).values()];
  await expect(openProvider(config as SingleProviderConfig, { clock: systemClock, kube: null })).rejects.toThrow(
    new ConfigError('provider.kubeconfig = /none/config: cannot be read: ENOENT'),
  );
});
