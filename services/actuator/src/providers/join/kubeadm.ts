import type { JoinConfig } from '@forescale/shared/config';
import { type AskedOfMachine, askedScript, cloudConfig, PROVIDER_ID, quotedYaml } from './cloud-init.ts';
import { type NodeIdentity, refused } from './node.ts';

type KubeadmJoin = Extract<JoinConfig, { kind: 'kubeadm' }>;

const BOOTSTRAP_TOKEN = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;
const CONFIG_FILE = '/etc/forescale/kubeadm-join.yaml';
const SCRIPT_FILE = '/var/lib/forescale/join.sh';

/** Joins by `kubeadm join`, which the image has to bring, with kubelet and container runtime. */
export function kubeadmUserData(join: KubeadmJoin, token: string, node: NodeIdentity, asked: AskedOfMachine): string {
  if (!BOOTSTRAP_TOKEN.test(token))
    throw refused('join.token_file', '***', 'a bootstrap token such as "abcdef.0123456789abcdef"');
  return cloudConfig(
    [{ path: CONFIG_FILE, content: quotedYaml(joinConfiguration(join, token, node, asked.providerId !== null)) }],
    { path: SCRIPT_FILE, content: joinScript(asked) },
  );
}

function joinConfiguration(join: KubeadmJoin, token: string, node: NodeIdentity, hasProviderId: boolean) {
  const kubeletArguments = [
    ...(node.labels.length > 0 ? [{ name: 'node-labels', value: node.labels.join(',') }] : []),
    ...(hasProviderId ? [{ name: 'provider-id', value: PROVIDER_ID }] : []),
  ];
  return {
    apiVersion: `kubeadm.k8s.io/${join.apiVersion}`,
    kind: 'JoinConfiguration',
    discovery: { bootstrapToken: { apiServerEndpoint: join.server, token, caCertHashes: [...join.caCertHashes] } },
    nodeRegistration: {
      name: node.name,
      taints: node.taints.map(taintObject),
      // A map until v1beta3, a list since.
      kubeletExtraArgs:
        join.apiVersion === 'v1beta4'
          ? kubeletArguments
          : Object.fromEntries(kubeletArguments.map(({ name, value }) => [name, value])),
    },
  };
}

/** `key=value:Effect` */
function taintObject(taint: string) {
  const [, key = '', value = '', effect = ''] = /^([^=:]*)(?:=([^:]*))?:(.*)$/.exec(taint) ?? [];
  return { key, value, effect };
}

/** The configuration holds the token, which is of no use once the node has joined. */
function joinScript(asked: AskedOfMachine): string {
  return `#!/bin/sh
# Written by Forescale: makes this machine a node by kubeadm.
set -eu
${askedScript(asked, CONFIG_FILE)}kubeadm join --config ${CONFIG_FILE}
rm -f ${CONFIG_FILE}
`;
}
