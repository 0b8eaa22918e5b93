import { readFileSync } from 'node:fs';
import type { JoinConfig } from '@forescale/shared/config';
import { ProviderError } from '../errors.ts';
import type { MachineRequest } from '../port.ts';
import { NODE_NAME } from './cloud-init.ts';
import { k3sUserData } from './k3s.ts';
import { kubeadmUserData } from './kubeadm.ts';
import { nodeIdentity } from './node.ts';
import { filledTemplate } from './template.ts';

/** More than any cloud takes as user data. */
const TEMPLATE_BYTES_MAX = 65_536;

export interface UserDataInput {
  readonly join: JoinConfig;
  /** As `readToken` has read it. */
  readonly token: string;
  readonly request: MachineRequest;
  /** One line of shell that prints the provider id on the machine; null: the node gets the one its distribution gives. */
  readonly providerIdCommand: string | null;
  /**
   * The same of the node's name, where all machines of an offering are given one document and each is told its name
   * elsewhere. A template is not asked that: it has the name as `@@node_name@@`.
   */
  readonly nodeNameCommand?: string;
}

/**
 * What a new machine is given to become a node. It holds the token: it goes into the request to the cloud, and nowhere
 * else. Throws `ProviderError` of class `config` where it cannot be made.
 */
export function userData({ join, token, request, providerIdCommand, nodeNameCommand }: UserDataInput): string {
  const node = nodeIdentity(request);
  const asked = { providerId: providerIdCommand, nodeName: nodeNameCommand ?? null };
  const joining = nodeNameCommand === undefined ? node : { ...node, name: NODE_NAME };
  switch (join.kind) {
    case 'k3s':
      return k3sUserData(join, token, joining, asked);
    case 'kubeadm':
      return kubeadmUserData(join, token, joining, asked);
    case 'user_data':
      return filledTemplate(readTemplate(join.templateFile), { token, request, node, providerIdCommand });
  }
}

/** A small file on this machine, read anew for every machine that is made. */
function readTemplate(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ProviderError('config', `template_file = ${path}: cannot be read: ${code ?? 'unknown'}`, { cause });
  }
  if (bytes.length > TEMPLATE_BYTES_MAX)
    throw new ProviderError(
      'config',
      `template_file = ${path}: allowed: a template of at most ${TEMPLATE_BYTES_MAX} bytes`,
    );
  return bytes.toString('utf8');
}
