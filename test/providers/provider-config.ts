import { parseConfig, providersOf, type SingleProviderConfig } from '@forescale/shared/config';

/** The provider of a pool, out of a whole configuration as a user writes it. */
export function providerConfig<Kind extends SingleProviderConfig['kind']>(
  provider: { readonly kind: Kind } & Readonly<Record<string, unknown>>,
): Extract<SingleProviderConfig, { kind: Kind }> {
  const [pool] = parseConfig(JSON.stringify({ autoscaler: { pools: [{ provider }] } }), 'test', {}).pools;
  const [config] = pool ? providersOf(pool.provider).values() : [];
  if (config?.kind !== provider.kind) throw new Error('no provider');
  return config as Extract<SingleProviderConfig, { kind: Kind }>;
}
