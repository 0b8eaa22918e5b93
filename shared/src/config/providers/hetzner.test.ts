import { describe, expect, it } from 'vitest';
import { hetznerProvider } from './hetzner.ts';

const JOIN = { kind: 'k3s', server: 'https://10.0.0.2:6443', version: 'v1.34.1+k3s1', token_file: '/run/token' };
const HETZNER = { kind: 'hetzner', token_file: '/run/hetzner', image: 'debian-13', join: JOIN };

function complaint(raw: unknown): string {
  const issue = hetznerProvider.safeParse(raw).error?.issues[0];
  return issue === undefined ? 'accepted' : `${issue.path.join('.')}: ${issue.message}`;
}

describe('provider hetzner', () => {
  it('with what it fills in', () => {
    expect(hetznerProvider.parse(HETZNER)).toMatchObject({
      url: 'https://api.hetzner.cloud/v1',
      tokenFile: '/run/hetzner',
      image: 'debian-13',
      sshKeys: [],
      networks: [],
      firewalls: [],
      placementGroup: null,
      publicNet: { ipv4: true, ipv6: true },
      usdPerEur: null,
      concurrency: 100,
      ratePerSecond: null,
    });
    expect(hetznerProvider.parse({ ...HETZNER, image: 42 }).image).toBe(42);
    expect(complaint({ ...HETZNER, url: 'http://127.0.0.1:8080/v1' })).toBe('accepted');
    expect(complaint({ ...HETZNER, networks: [7], public_net: { ipv4: false, ipv6: false } })).toBe('accepted');
  });

  // biome-ignore format: one refusal a line
  it.each<[raw: unknown, message: string]>([
    [{ ...HETZNER, token: 'hunter2' }, ': unknown key; allowed: kind, url, token_file, image, join, ssh_keys, networks, firewalls, placement_group, public_net, usd_per_eur, concurrency, rate_per_second'],
    [{ ...HETZNER, url: 'http://api.hetzner.cloud/v1' }, 'url: allowed: an https URL without a login'],
    [{ ...HETZNER, url: 'https://me:pw@h' }, 'url: allowed: an https URL without a login'],
    [{ ...HETZNER, image: 'my image' }, 'image: allowed: name or id of an image'],
    [{ ...HETZNER, image: 0 }, 'image: allowed: a whole number from 1 to 9007199254740991'],
    [{ ...HETZNER, join: undefined }, 'join: allowed: kind k3s, kubeadm or user_data'],
    [{ ...HETZNER, networks: ['n'] }, 'networks.0: allowed: a whole number from 1 to 9007199254740991'],
    [{ ...HETZNER, networks: [1, 2, 3, 4] }, 'networks: allowed: a list of 0 to 3 ids of networks'],
    [{ ...HETZNER, public_net: { ipv4: false, ipv6: false } }, 'public_net: allowed without ipv4 and ipv6: with a network, by which the server is reached'],
    [{ ...HETZNER, usd_per_eur: 0 }, 'usd_per_eur: allowed: a number from 0.1 to 10'],
    [{ ...HETZNER, concurrency: 0 }, 'concurrency: allowed: a whole number from 1 to 1000'],
  ])('refuses %j', (raw, message) => {
    expect(complaint(raw)).toBe(message);
  });
});
