import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import type { JoinConfig } from '@forescale/shared/config';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readToken, userData } from './index.ts';
import { K3S_JOIN, KUBEADM_JOIN, requestOf } from './join.test-data.ts';

const BOOTSTRAP = 'abcdef.0123456789abcdef';

interface CloudConfig {
  readonly write_files: readonly { path: string; owner: string; permissions: string; content: string }[];
  readonly runcmd: readonly (readonly string[])[];
}

function filesOf(text: string): Map<string, CloudConfig['write_files'][number]> {
  expect(text.split('\n')[0]).toBe('#cloud-config');
  return new Map((parse(text) as CloudConfig).write_files.map((file) => [file.path, file]));
}

const k3s = (
  overrides: Partial<Extract<JoinConfig, { kind: 'k3s' }>> = {},
  providerIdCommand: string | null = 'id-of-it',
) =>
  filesOf(
    userData({
      join: { ...K3S_JOIN, ...overrides },
      token: 'K10abc::node:pw',
      request: requestOf(),
      providerIdCommand,
    }),
  );

describe('user data: K3s', () => {
  it('options in the configuration file, the token in a file of its own that only root reads', () => {
    const files = k3s({ args: ['--flannel-iface=eth1', '--kubelet-arg=max-pods=60', '--selinux'] });
    expect(parse(files.get('/etc/rancher/k3s/config.yaml')?.content ?? '')).toEqual({
      'node-name': 'web-t3k9p2-4f0az1',
      'node-label': ['forescale.dev/pool=web', 'topology.kubernetes.io/zone=fsn1-dc14', 'empty='],
      'node-taint': ['dedicated=web:NoSchedule', 'new:NoExecute'],
      'kubelet-arg': ['provider-id=__FORESCALE_PROVIDER_ID__', 'max-pods=60'],
      'flannel-iface': 'eth1',
      selinux: 'true',
    });
    expect(files.get('/etc/forescale/k3s-token')).toMatchObject({
      content: 'K10abc::node:pw\n',
      permissions: '0600',
      owner: 'root:root',
    });
    for (const [path, { content }] of files)
      if (path !== '/etc/forescale/k3s-token') expect(content).not.toContain('K10abc');
  });

  it('the installer runs at the pinned release, against the server, as an agent', () => {
    const script = k3s().get('/var/lib/forescale/join.sh');
    expect(script?.permissions).toBe('0700');
    for (const line of [
      "export INSTALL_K3S_VERSION='v1.34.1+k3s1'",
      'export INSTALL_K3S_EXEC=agent',
      "export K3S_URL='https://10.0.0.2:6443'",
      'export K3S_TOKEN_FILE=/etc/forescale/k3s-token',
      "url='https://get.k3s.io'",
    ])
      expect(script?.content.split('\n')).toContain(line);
    expect(script?.content).not.toMatch(/sha256sum|GITHUB_URL/);
  });

  it('the script is what runs, once', () => {
    const text = userData({ join: K3S_JOIN, token: 't', request: requestOf(), providerIdCommand: null });
    expect((parse(text) as CloudConfig).runcmd).toEqual([['/bin/sh', '/var/lib/forescale/join.sh']]);
  });

  it('a mirror, and an installer of which the sum is known', () => {
    const script = k3s({ installerSha256: 'b'.repeat(64), downloadUrl: 'https://mirror.example/k3s' }).get(
      '/var/lib/forescale/join.sh',
    )?.content;
    expect(script).toContain('b'.repeat(64));
    expect(script).toContain("export GITHUB_URL='https://mirror.example/k3s'");
  });

  it('without a command for the provider id K3s gives its own', () => {
    const files = k3s({}, null);
    expect(files.get('/etc/rancher/k3s/config.yaml')?.content).not.toContain('provider-id');
    expect(files.get('/var/lib/forescale/join.sh')?.content).not.toContain('provider_id');
  });
});

describe('user data: kubeadm', () => {
  const configurationOf = (apiVersion: 'v1beta3' | 'v1beta4') => {
    const join = { ...KUBEADM_JOIN, apiVersion };
    const files = filesOf(userData({ join, token: BOOTSTRAP, request: requestOf(), providerIdCommand: 'id-of-it' }));
    expect(files.get('/etc/forescale/kubeadm-join.yaml')?.permissions).toBe('0600');
    expect(files.get('/var/lib/forescale/join.sh')?.content).not.toContain(BOOTSTRAP);
    return parse(files.get('/etc/forescale/kubeadm-join.yaml')?.content ?? '');
  };

  it('discovers by token and CA hash, and registers with labels and taints', () => {
    expect(configurationOf('v1beta4')).toEqual({
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'JoinConfiguration',
      discovery: {
        bootstrapToken: {
          apiServerEndpoint: '10.0.0.2:6443',
          token: BOOTSTRAP,
          caCertHashes: [`sha256:${'a'.repeat(64)}`],
        },
      },
      nodeRegistration: {
        name: 'web-t3k9p2-4f0az1',
        taints: [
          { key: 'dedicated', value: 'web', effect: 'NoSchedule' },
          { key: 'new', value: '', effect: 'NoExecute' },
        ],
        kubeletExtraArgs: [
          { name: 'node-labels', value: 'forescale.dev/pool=web,topology.kubernetes.io/zone=fsn1-dc14,empty=' },
          { name: 'provider-id', value: '__FORESCALE_PROVIDER_ID__' },
        ],
      },
    });
  });

  it('the older form has a map of arguments', () => {
    expect(configurationOf('v1beta3').nodeRegistration.kubeletExtraArgs).toEqual({
      'node-labels': 'forescale.dev/pool=web,topology.kubernetes.io/zone=fsn1-dc14,empty=',
      'provider-id': '__FORESCALE_PROVIDER_ID__',
    });
  });

  it('a token of another kind is refused, and not shown', () => {
    const make = () =>
      userData({ join: KUBEADM_JOIN, token: 'hunter2', request: requestOf(), providerIdCommand: null });
    expect(make).toThrow('join.token_file "***": allowed: a bootstrap token such as "abcdef.0123456789abcdef"');
  });
});

describe('user data: what Kubernetes would refuse is refused', () => {
  it.each([
    [{ nodeName: 'Web' }, 'node name "Web": allowed: a name of a-z, 0-9, "-" and "."'],
    [{ nodeName: 'a\nb' }, 'node name "a\\nb": allowed: a name of a-z, 0-9, "-" and "."'],
    [{ labels: { 'a b': 'x' } }, 'label "a b": allowed: a label of Kubernetes'],
    [
      { labels: { a: "x'; reboot" } },
      'label a "x\'; reboot": allowed: a value of at most 63 letters, digits, "-", "_" and "."',
    ],
    [
      { labels: { 'node-role.kubernetes.io/worker': '' } },
      'label "node-role.kubernetes.io/worker": allowed: a label that a kubelet may give itself',
    ],
    [
      { taints: [{ key: 'a', value: '$(reboot)', effect: 'NoSchedule' as const }] },
      'taint a "$(reboot)": allowed: a value of letters, digits, "-", "_" and "."',
    ],
  ])('%j', (overrides, message) => {
    const make = () => userData({ join: K3S_JOIN, token: 't', request: requestOf(overrides), providerIdCommand: null });
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ errorClass: 'config' }));
  });

  it.each(['topology.kubernetes.io/zone', 'node.kubernetes.io/instance-type', 'kubernetes.io/arch', 'role'])(
    'not %s',
    (key) => {
      const request = requestOf({ labels: { [key]: 'x' } });
      expect(userData({ join: K3S_JOIN, token: 't', request, providerIdCommand: null })).toContain(`${key}=x`);
    },
  );
});

describe('user data: a template of the user', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(joinPath(tmpdir(), 'forescale-join-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  async function filled(template: string, token = 'K10abc::node:pw', providerIdCommand: string | null = 'curl -s x') {
    const templateFile = joinPath(directory, 'template');
    await writeFile(templateFile, template);
    return userData({
      join: { kind: 'user_data', templateFile, tokenFile: null },
      token,
      request: requestOf(),
      providerIdCommand,
    });
  }

  it('is filled in, and otherwise left as it is', async () => {
    expect(
      await filled(
        '{{ jinja }} $x @@node_name@@ @@labels@@ @@taints@@ @@token@@ @@pool@@ @@ $(@@provider_id_command@@)',
      ),
    ).toBe(
      '{{ jinja }} $x web-t3k9p2-4f0az1 forescale.dev/pool=web,topology.kubernetes.io/zone=fsn1-dc14,empty= ' +
        'dedicated=web:NoSchedule,new:NoExecute K10abc::node:pw web @@ $(curl -s x)',
    );
    expect(await filled('@@request_id@@ @@cluster_tag@@ @@instance_type@@ @@region@@ @@zone@@ @@capacity_type@@')).toBe(
      'web-t3k9p2-4f0az1 6f1c2b1e-0000-4000-8000-000000000001 cx32 eu-central fsn1-dc14 on_demand',
    );
  });

  it('with a placeholder that nobody knows is refused', async () => {
    await expect(filled('@@node_nmae@@')).rejects.toThrow(/^placeholder "@@node_nmae@@": allowed: token, node_name, /);
    await expect(filled('@@@@')).rejects.toThrow(/^placeholder "@@@@"/);
  });

  it('with a placeholder for what there is not is refused', async () => {
    await expect(filled('@@token@@', '')).rejects.toThrow(
      'placeholder "@@token@@": allowed: only with join.token_file',
    );
    await expect(filled('@@provider_id_command@@', 't', null)).rejects.toThrow(
      'placeholder "@@provider_id_command@@": allowed: only where the provider has such a command',
    );
  });

  it('takes no token that could end a quoted text, and does not show it', async () => {
    await expect(filled('"@@token@@"', 'hunter"2')).rejects.toThrow(/^token "\*\*\*": allowed: /);
  });

  it('that is not there, or too large, says so', async () => {
    const join: JoinConfig = { kind: 'user_data', templateFile: joinPath(directory, 'absent'), tokenFile: null };
    const make = () => userData({ join, token: '', request: requestOf(), providerIdCommand: null });
    expect(make).toThrow(/absent: cannot be read: ENOENT$/);
    await expect(filled('x'.repeat(65_537))).rejects.toThrow(/allowed: a template of at most 65536 bytes$/);
  });

  it('the token of a file', async () => {
    const path = joinPath(directory, 'token');
    await writeFile(path, 'abc::node:x\n');
    expect(await readToken(path)).toBe('abc::node:x');
    expect(await readToken(null)).toBe('');
    for (const bad of ['', 'hunter 2', 'hunter\n2', 'hunter2'.repeat(1_000)]) {
      await writeFile(path, bad);
      const failure = await readToken(path).catch((error: unknown) => error);
      expect(failure).toMatchObject({ errorClass: 'config' });
      expect(String(failure)).not.toContain('hunter');
    }
    await expect(readToken(joinPath(directory, 'absent'))).rejects.toThrow(/absent: cannot be read: ENOENT$/);
  });
});
