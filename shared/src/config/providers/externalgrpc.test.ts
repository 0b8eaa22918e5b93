import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from '../index.ts';

const AT = 'autoscaler.pools[0].provider';
const GROUPS = 'groups: [{id: workers, instance_type: m5.large}]';
const provider = (body: string) => `autoscaler: {pools: [{provider: {kind: externalgrpc, ${body}}}]}`;

// biome-ignore format: one refusal a line
const REFUSALS: readonly (readonly [what: string, body: string, message: string])[] = [
  ['no address', GROUPS, `${AT}.address is absent: allowed: an address such as "cloud.example:8086"`],
  ['an address without a port', `address: cloud, ${GROUPS}`, `${AT}.address = "cloud": allowed: an address such as "cloud.example:8086"`],
  ['a URL', `address: "https://cloud:1", ${GROUPS}`, `${AT}.address = "https://cloud:1": allowed: an address such as "cloud.example:8086"`],
  ['a port that does not exist', `address: "127.0.0.1:70000", ${GROUPS}`, `${AT}.address = "127.0.0.1:70000": allowed: an address such as "cloud.example:8086"`],
  ['plain text to elsewhere', `address: "cloud.example:8086", ${GROUPS}`, `${AT}.address = "cloud.example:8086": allowed without a section tls or plaintext: true: a loopback address, such as 127.0.0.1:8086`],
  ['plain text to what looks like loopback', `address: "127.0.0.1.example:8086", ${GROUPS}`, `${AT}.address = "127.0.0.1.example:8086": allowed without a section tls or plaintext: true: a loopback address, such as 127.0.0.1:8086`],
  ['plain text with TLS', `address: "h:1", plaintext: true, tls: {}, ${GROUPS}`, `${AT}.plaintext = true: allowed: false where there is a section tls`],
  ['half a client certificate', `address: "h:1", tls: {cert_file: a.pem}, ${GROUPS}`, `${AT}.tls.key_file is absent: allowed: cert_file and key_file, both or neither`],
  ['the other half', `address: "h:1", tls: {key_file: a.key}, ${GROUPS}`, `${AT}.tls.cert_file is absent: allowed: cert_file and key_file, both or neither`],
  ['no groups', 'address: "127.0.0.1:1", groups: []', `${AT}.groups = []: allowed: a list of 1 to 100 groups`],
  ['a group twice', 'address: "127.0.0.1:1", groups: [{id: a, instance_type: x}, {id: a, instance_type: y}]', `${AT}.groups[1].id = "a": allowed: each group once`],
  ['two groups of one machine', 'address: "127.0.0.1:1", groups: [{id: a, instance_type: x}, {id: b, instance_type: x}]', `${AT}.groups[1] = {"id":"b","instance_type":"x"}: allowed: one group for each instance_type, region, zone and capacity_type`],
];

describe('the configuration of externalgrpc', () => {
  it.each(REFUSALS)('refuses %s', (_what, body, message) => {
    expect(() => parseConfig(provider(body), 'f.yaml', {})).toThrow(new ConfigError(`f.yaml: ${message}`));
  });

  it.each(['localhost:1', '127.0.0.1:8086', '"[::1]:8086"'])('allows plain text to %s', (address) => {
    const [pool] = parseConfig(provider(`address: ${address}, ${GROUPS}`), 'f.yaml', {}).pools;
    expect(pool?.provider).toMatchObject({ kind: 'externalgrpc', tls: null, concurrency: 100, ratePerSecond: null });
  });

  it('is whole', () => {
    const tls = 'tls: {ca_file: ca.pem, cert_file: c.pem, key_file: c.key, server_name: cloud.test}';
    const groups = 'groups: [{id: "MIG/a", instance_type: n2-standard-4, region: r, zone: z, capacity_type: spot}]';
    const [pool] = parseConfig(
      provider(`address: "cloud:8086", ${tls}, ${groups}, rate_per_second: 5`),
      'f.yaml',
      {},
    ).pools;
    expect(pool?.provider).toEqual({
      kind: 'externalgrpc',
      address: 'cloud:8086',
      tls: { caFile: 'ca.pem', certFile: 'c.pem', keyFile: 'c.key', serverName: 'cloud.test' },
      groups: [{ id: 'MIG/a', instanceType: 'n2-standard-4', region: 'r', zone: 'z', capacityType: 'spot' }],
      concurrency: 100,
      ratePerSecond: 5,
    });
  });
});
