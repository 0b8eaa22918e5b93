import { describe, expect, it } from 'vitest';
import { dockerProvider } from './docker.ts';

const DOCKER = {
  kind: 'docker',
  image: 'rancher/k3s:v1.34.1-k3s1',
  server: 'https://10.0.0.2:6443',
  token_file: '/run/token',
};
const TLS = { ca_file: 'ca.pem', cert_file: 'cert.pem', key_file: 'key.pem' };
const URL = 'unix:///path, an https URL such as "https://10.0.0.5:2376", or http on this machine';

function complaint(raw: unknown): string {
  const issue = dockerProvider.safeParse(raw).error?.issues[0];
  return issue === undefined ? 'accepted' : `${issue.path.join('.')}: ${issue.message}`;
}

describe('provider docker', () => {
  it('with what it fills in', () => {
    expect(dockerProvider.parse(DOCKER)).toEqual({
      kind: 'docker',
      url: 'unix:///var/run/docker.sock',
      tls: null,
      image: 'rancher/k3s:v1.34.1-k3s1',
      pull: 'missing',
      server: 'https://10.0.0.2:6443',
      tokenFile: '/run/token',
      args: [],
      network: 'bridge',
      privileged: true,
      concurrency: 100,
      ratePerSecond: null,
    });
    for (const image of ['k3s:1', 'registry.example:5000/a/k3s:v1', `rancher/k3s@sha256:${'a'.repeat(64)}`])
      expect(complaint({ ...DOCKER, image })).toBe('accepted');
    expect(complaint({ ...DOCKER, url: 'http://127.0.0.1:2375' })).toBe('accepted');
    expect(complaint({ ...DOCKER, url: 'https://docker.example:2376', tls: TLS })).toBe('accepted');
  });

  // biome-ignore format: one refusal a line
  it.each<[raw: unknown, message: string]>([
    [{ ...DOCKER, url: 'tcp://10.0.0.5:2375' }, `url: allowed: ${URL}`],
    [{ ...DOCKER, url: 'http://10.0.0.5:2375' }, `url: allowed: ${URL}`],
    [{ ...DOCKER, url: '/var/run/docker.sock' }, `url: allowed: ${URL}`],
    [{ ...DOCKER, url: 'https://10.0.0.5:2376' }, 'tls: allowed: with an https URL, a section with keys'],
    [{ ...DOCKER, tls: TLS }, 'tls: allowed only with an https URL'],
    [{ ...DOCKER, url: 'https://h:2376', tls: { ca_file: 'ca.pem' } }, 'tls.cert_file: allowed: a path to a PEM file'],
    [{ ...DOCKER, image: 'rancher/k3s' }, 'image: allowed: an image with its tag or digest, such as "rancher/k3s:v1.34.1-k3s1"'],
    [{ ...DOCKER, pull: 'always' }, 'pull: allowed: missing, never'],
    [{ ...DOCKER, server: 'http://10.0.0.2:6443' }, 'server: allowed: an https URL such as "https://10.0.0.2:6443"'],
    [{ ...DOCKER, token: 'hunter2' }, ': unknown key; allowed: kind, url, tls, image, pull, server, token_file, args, network, privileged, concurrency, rate_per_second'],
    [{ ...DOCKER, args: ['--token=hunter2'] }, 'args.0: allowed: no option that Forescale sets itself (server, token, node name), or that holds a secret'],
    [{ ...DOCKER, network: 'a b' }, 'network: allowed: the name of a network of the engine'],
    [{ ...DOCKER, privileged: 'yes' }, 'privileged: allowed: true or false'],
  ])('refuses %j', (raw, message) => {
    expect(complaint(raw)).toBe(message);
  });
});
