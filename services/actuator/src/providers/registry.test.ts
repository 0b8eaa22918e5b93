import { parseConfig, type SingleProviderConfig } from '@forescale/shared/config';
import { expect, it } from 'vitest';
import { providerAccess } from './registry.ts';

const keyOf = (provider: string) => {
  const [pool] = parseConfig(`autoscaler: {pools: [{provider: ${provider}}]}`, 'f.yaml', {}).pools;
  return providerAccess(pool?.provider as SingleProviderConfig).key;
};

it('an account has one key however it is written, and another account another', () => {
  const azure = (id: string) =>
    keyOf(`{kind: azure, subscription_id: ${id}, resource_group: g, scale_sets: [{name: web, instance_type: B2s}]}`);
  const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
  expect(azure(id.toUpperCase())).toBe(azure(id));
  expect(azure(id.replace('0f8', '1f8'))).not.toBe(azure(id));
  const join = 'join: {kind: k3s, server: "https://10.0.0.2:6443", version: "v1.34.1+k3s1", token_file: /t}';
  const hetzner = (url: string) => keyOf(`{kind: hetzner, url: "${url}", token_file: /a, image: debian-13, ${join}}`);
  expect(hetzner('https://api.hetzner.cloud/v1/')).toBe(hetzner('https://api.hetzner.cloud/v1'));
});
