import type { JoinConfig } from '@forescale/shared/config';
import { type AskedOfMachine, askedScript, cloudConfig, PROVIDER_ID, quotedYaml, shellWord } from './cloud-init.ts';
import type { NodeIdentity } from './node.ts';

type K3sJoin = Extract<JoinConfig, { kind: 'k3s' }>;

const TOKEN_FILE = '/etc/forescale/k3s-token';
const CONFIG_FILE = '/etc/rancher/k3s/config.yaml';
const SCRIPT_FILE = '/var/lib/forescale/join.sh';
const INSTALLER_FILE = '/var/lib/forescale/k3s-install.sh';

/** Options of `k3s agent` by name, those of the configuration after ours; `null`: it has no value. */
export function agentOptions(
  { name, labels, taints }: NodeIdentity,
  providerId: string | null,
  args: readonly string[],
): readonly (readonly [option: string, value: string | null])[] {
  return [
    ['node-name', name],
    ...labels.map((label) => ['node-label', label] as const),
    ...taints.map((taint) => ['node-taint', taint] as const),
    ...(providerId === null ? [] : [['kubelet-arg', `provider-id=${providerId}`] as const]),
    ...args.map(parsedArgument),
  ];
}

function parsedArgument(argument: string): readonly [string, string | null] {
  const [, option = '', value = null] = /^--([^=]*)(?:=(.*))?$/.exec(argument) ?? [];
  return [option, value];
}

/**
 * Joins by K3s' own installer at a pinned release. The options lie in K3s' configuration file rather than on a command
 * line: nothing has to survive a shell and a unit of systemd, and the list of processes shows none of it. The token lies in
 * a file that only root reads.
 */
export function k3sUserData(join: K3sJoin, token: string, node: NodeIdentity, asked: AskedOfMachine): string {
  const options = agentOptions(node, asked.providerId === null ? null : PROVIDER_ID, join.args);
  return cloudConfig(
    [
      { path: TOKEN_FILE, content: `${token}\n` },
      { path: CONFIG_FILE, content: quotedYaml(grouped(options)) },
    ],
    { path: SCRIPT_FILE, content: joinScript(join, asked) },
  );
}

/** As K3s' configuration file has them: an option that comes more than once, or may, is a list. */
function grouped(options: ReturnType<typeof agentOptions>): Record<string, string | boolean | string[]> {
  const lists = new Map<string, string[]>();
  for (const [option, value] of options) lists.set(option, [...(lists.get(option) ?? []), value ?? 'true']);
  const isList = (option: string, values: readonly string[]) =>
    values.length > 1 || ['node-label', 'node-taint', 'kubelet-arg'].includes(option);
  return Object.fromEntries(
    [...lists].map(([option, values]) => [option, isList(option, values) ? values : (values[0] as string)]),
  );
}

function joinScript(join: K3sJoin, asked: AskedOfMachine): string {
  const check = `printf '%s  %s\\n' ${join.installerSha256} ${INSTALLER_FILE} | sha256sum -c - || exit 1\n`;
  return `#!/bin/sh
# Written by Forescale: makes this machine an agent of K3s.
set -eu
${askedScript(asked, CONFIG_FILE)}url=${shellWord(join.installerUrl)}
download() {
  if command -v curl >/dev/null; then
    curl -sfL --connect-timeout 10 --max-time 60 -o ${INSTALLER_FILE} "$url"
  else
    wget -q --timeout=30 -O ${INSTALLER_FILE} "$url"
  fi
}
for attempt in 1 2 3 4 5 6; do
  if download; then break; fi
  if [ $attempt = 6 ]; then echo "forescale: $url cannot be fetched: the machine does not join" >&2; exit 1; fi
  sleep 5
done
${join.installerSha256 === null ? '' : check}export INSTALL_K3S_VERSION=${shellWord(join.version)}
export INSTALL_K3S_EXEC=agent
export K3S_URL=${shellWord(join.server)}
export K3S_TOKEN_FILE=${TOKEN_FILE}
${join.downloadUrl === null ? '' : `export GITHUB_URL=${shellWord(join.downloadUrl)}\n`}exec sh ${INSTALLER_FILE}
`;
}
