import { describe, expect, it } from 'vitest';
import { joinSchema } from './join.ts';

const HASH = `sha256:${'a'.repeat(64)}`;
const K3S = { kind: 'k3s', server: 'https://10.0.0.2:6443', version: 'v1.34.1+k3s1', token_file: '/run/token' };
const KUBEADM = { kind: 'kubeadm', server: '10.0.0.2:6443', token_file: '/run/token', ca_cert_hashes: [HASH] };

/** The first complaint, as `field: what is allowed`. */
function complaint(raw: unknown): string {
  const issue = joinSchema.safeParse(raw).error?.issues[0];
  return issue === undefined ? 'accepted' : `${issue.path.join('.')}: ${issue.message}`;
}

describe('join', () => {
  it('K3s, with what it fills in', () => {
    expect(joinSchema.parse(K3S)).toEqual({
      kind: 'k3s',
      server: 'https://10.0.0.2:6443',
      version: 'v1.34.1+k3s1',
      tokenFile: '/run/token',
      args: [],
      installerUrl: 'https://get.k3s.io',
      installerSha256: null,
      downloadUrl: null,
    });
    expect(complaint({ ...K3S, version: 'v1.34.0-rc1+k3s2', args: ['--flannel-iface=eth1', '--selinux'] })).toBe(
      'accepted',
    );
  });

  it('kubeadm and a template', () => {
    expect(joinSchema.parse(KUBEADM)).toMatchObject({ kind: 'kubeadm', apiVersion: 'v1beta4', caCertHashes: [HASH] });
    expect(complaint({ ...KUBEADM, server: '[fd00::2]:6443' })).toBe('accepted');
    expect(joinSchema.parse({ kind: 'user_data', template_file: 'node.yaml' })).toEqual({
      kind: 'user_data',
      templateFile: 'node.yaml',
      tokenFile: null,
    });
  });

  // biome-ignore format: one refusal a line
  it.each<[raw: unknown, message: string]>([
    [{ kind: 'k0s' }, 'kind: allowed: kind k3s, kubeadm or user_data'],
    [{ ...K3S, server: 'http://10.0.0.2:6443' }, 'server: allowed: an https URL such as "https://10.0.0.2:6443"'],
    [{ ...K3S, server: 'https://me:pw@h' }, 'server: allowed: an https URL such as "https://10.0.0.2:6443"'],
    [{ ...K3S, version: 'latest' }, 'version: allowed: a release of K3s such as "v1.34.1+k3s1"'],
    [{ ...K3S, version: 'v1.34.1' }, 'version: allowed: a release of K3s such as "v1.34.1+k3s1"'],
    [{ ...K3S, token: 'hunter2' }, ': unknown key; allowed: kind, server, version, token_file, args, installer_url, installer_sha256, download_url'],
    [{ ...K3S, token_file: undefined }, 'token_file: allowed: a path to a file that holds the join token'],
    [{ ...K3S, args: ['-v', '3'] }, 'args.0: allowed: an option of "k3s agent" with its value, such as "--flannel-iface=eth1"'],
    [{ ...K3S, args: ['--token=hunter2'] }, 'args.0: allowed: no option that Forescale sets itself (server, token, node name), or that holds a secret'],
    [{ ...K3S, args: ['--vpn-auth=name=tailscale,joinKey=hunter2'] }, 'args.0: allowed: no option that Forescale sets itself (server, token, node name), or that holds a secret'],
    [{ ...K3S, args: ['--node-name=x'] }, 'args.0: allowed: no option that Forescale sets itself (server, token, node name), or that holds a secret'],
    [{ ...K3S, args: ['--kubelet-arg=provider-id=x'] }, 'args.0: allowed: no provider-id, which Forescale sets itself'],
    [{ ...K3S, args: ['--a=b\nc'] }, 'args.0: allowed: an option of "k3s agent" with its value, such as "--flannel-iface=eth1"'],
    [{ ...K3S, installer_url: 'get.k3s.io' }, 'installer_url: allowed: an https URL without a login or blanks'],
    [{ ...K3S, installer_sha256: 'A1' }, 'installer_sha256: allowed: a SHA-256 of 64 digits 0-9 a-f'],
    [{ ...KUBEADM, server: 'https://h:6443' }, 'server: allowed: host and port of the API server, such as "10.0.0.2:6443"'],
    [{ ...KUBEADM, ca_cert_hashes: [] }, 'ca_cert_hashes: allowed: a list of 1 to 8 CA hashes'],
    [{ ...KUBEADM, ca_cert_hashes: ['a'] }, 'ca_cert_hashes.0: allowed: "sha256:" and 64 digits 0-9 a-f'],
    [{ ...KUBEADM, api_version: 'v1beta2' }, 'api_version: allowed: v1beta3, v1beta4'],
    [{ kind: 'user_data' }, 'template_file: allowed: a path to a template of user data'],
  ])('refuses %j', (raw, message) => {
    expect(complaint(raw)).toBe(message);
  });
});
