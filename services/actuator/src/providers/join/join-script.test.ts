import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join as joinPath } from 'node:path';
import type { JoinConfig } from '@forescale/shared/config';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { K3S_JOIN, KUBEADM_JOIN, requestOf } from './join.test-data.ts';
import { userData } from './user-data.ts';

/** Says what it was started with. */
const INSTALLER = `for name in INSTALL_K3S_VERSION INSTALL_K3S_EXEC K3S_URL K3S_TOKEN_FILE GITHUB_URL; do
  printf '%s=%s\\n' $name "$(printenv $name)"
done
echo arguments=$#`;
const INSTALLER_SHA256 = createHash('sha256')
  .update(`${INSTALLER}
`)
  .digest('hex');

let machine = '';
beforeEach(async () => {
  machine = await mkdtemp(joinPath(tmpdir(), 'forescale-machine-'));
});
afterEach(() => rm(machine, { recursive: true }));

/** Does what cloud-init would, below a directory instead of `/`, with a `curl` that hands out the installer after so many failures. */
async function boot(join: JoinConfig, token: string, providerIdCommand: string | null, failures = 0) {
  const document = userData({ join, token, request: requestOf(), providerIdCommand });
  const { write_files: files, runcmd } = parse(document);
  const below = (text: string) => text.replaceAll(/(?<![\w/])\/(?=etc\/|var\/)/g, `${machine}/`);
  for (const { path, permissions, content } of files) {
    await mkdir(dirname(below(path)), { recursive: true });
    await writeFile(below(path), below(content));
    await chmod(below(path), Number.parseInt(permissions, 8));
  }
  await program(
    'curl',
    `asked=$(cat ${machine}/asked 2>/dev/null || echo 0); echo $((asked + 1)) > ${machine}/asked
[ $asked -lt ${failures} ] && exit 22
while [ $# -gt 2 ]; do [ "$1" = -o ] && file="$2"; shift; done; shift; printf 'url=%s\\n' "$1"; cat > "$file" <<'END'\n${INSTALLER}\nEND`,
  );
  await program('sleep', 'exit 0');
  await program('kubeadm', `echo "kubeadm $*"; cat "$3"`);
  const [command, ...args] = runcmd[0].map(below);
  const env = { PATH: `${machine}/bin:/usr/sbin:/usr/bin:/sbin:/bin` };
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env, timeout: 60_000 });
  return { status, stderr, stdout: stdout.replaceAll(machine, '') };
}

async function program(name: string, script: string): Promise<void> {
  await mkdir(joinPath(machine, 'bin'), { recursive: true });
  await writeFile(joinPath(machine, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

const file = (path: string) => readFile(joinPath(machine, path), 'utf8');

describe('the script that joins K3s, run by a shell', () => {
  it('gives the installer what it needs, and the provider id of the machine to K3s', async () => {
    const { status, stdout, stderr } = await boot(K3S_JOIN, 'hunter2', "printf 'hcloud://%s' 42");
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout.trim().split('\n')).toEqual([
      'url=https://get.k3s.io',
      'INSTALL_K3S_VERSION=v1.34.1+k3s1',
      'INSTALL_K3S_EXEC=agent',
      'K3S_URL=https://10.0.0.2:6443',
      'K3S_TOKEN_FILE=/etc/forescale/k3s-token',
      'GITHUB_URL=',
      'arguments=0',
    ]);
    expect(parse(await file('etc/rancher/k3s/config.yaml'))['kubelet-arg']).toEqual(['provider-id=hcloud://42']);
    expect(await file('etc/forescale/k3s-token')).toBe('hunter2\n');
  });

  it.each(['https://x/$(echo a)`echo b`', "https://x/'; echo broken; '", 'https://x/"$HOME"\\n'])(
    'no address breaks out of its quotes: %s',
    async (url) => {
      const join = { ...K3S_JOIN, server: url, installerUrl: url, downloadUrl: url };
      const { status, stdout } = await boot(join, 't', null);
      expect(status).toBe(0);
      expect(stdout.split('\n')).toContain(`url=${url}`);
      expect(stdout.split('\n')).toContain(`K3S_URL=${url}`);
      expect(stdout.split('\n')).toContain(`GITHUB_URL=${url}`);
    },
  );

  it.each([
    ['says nothing', 'true'],
    ['fails', 'exit 7'],
    ['says what is no provider id', 'echo "<html>not here</html>"'],
    ['says two lines', 'echo a; echo b'],
  ])('does not join where the command for the provider id %s', async (_what, command) => {
    const { status, stdout, stderr } = await boot(K3S_JOIN, 't', command);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('cannot tell its provider id');
  });

  it('asks for the provider id again, as a metadata service may be late', async () => {
    const command = 'test -e /var/asked && echo hcloud://7 || : > /var/asked';
    const { status } = await boot(K3S_JOIN, 't', command.replaceAll('/var/', `${machine}/`));
    expect(status).toBe(0);
    expect(await file('etc/rancher/k3s/config.yaml')).toContain('provider-id=hcloud://7');
  });

  it('asks for the installer again, and gives up in the end', async () => {
    const late = await boot(K3S_JOIN, 't', null, 5);
    expect(late).toMatchObject({ status: 0, stdout: expect.stringContaining('INSTALL_K3S_VERSION') });
    await rm(joinPath(machine, 'asked'));
    const never = await boot(K3S_JOIN, 't', null, 6);
    expect(never).toMatchObject({ status: 1, stdout: '' });
    expect(never.stderr).toContain('https://get.k3s.io cannot be fetched');
  });

  it('runs no installer but the one whose sum is known', async () => {
    const refused = await boot({ ...K3S_JOIN, installerSha256: '0'.repeat(64) }, 't', null);
    expect(refused.status).toBe(1);
    expect(refused.stdout).not.toContain('INSTALL_K3S_VERSION');
    const accepted = await boot({ ...K3S_JOIN, installerSha256: INSTALLER_SHA256 }, 't', null);
    expect(accepted).toMatchObject({ status: 0, stdout: expect.stringContaining('INSTALL_K3S_VERSION') });
  });
});

it('the script that joins by kubeadm gives it the provider id, and leaves no token behind', async () => {
  const { status, stdout } = await boot(KUBEADM_JOIN, 'abcdef.0123456789abcdef', 'echo aws:///eu-central-1a/i-1');
  expect(status).toBe(0);
  const [first, ...configuration] = stdout.split('\n');
  expect(first).toBe('kubeadm join --config /etc/forescale/kubeadm-join.yaml');
  expect(parse(configuration.join('\n')).nodeRegistration.kubeletExtraArgs[1].value).toBe('aws:///eu-central-1a/i-1');
  await expect(file('etc/forescale/kubeadm-join.yaml')).rejects.toThrow('ENOENT');
});
