import type { MachineRequest } from '../port.ts';
import { type NodeIdentity, refused } from './node.ts';

/** `@@name@@`: cloud-init's own templates, shells and systemd use all other brackets. */
const PLACEHOLDER = /@@([^@\s]{0,64})@@/g;

/** Means itself in YAML, in JSON, in quotes of a shell. */
const PLAIN = /^[\w:./,=~+-]*$/;

interface TemplateInput {
  readonly token: string;
  readonly request: MachineRequest;
  readonly node: NodeIdentity;
  readonly providerIdCommand: string | null;
}

/** The template with its placeholders filled in. Throws `ProviderError` of class `config` for one that is not known. */
export function filledTemplate(template: string, input: TemplateInput): string {
  const values = placeholderValues(input);
  return template.replaceAll(PLACEHOLDER, (_whole, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw refused('placeholder', `@@${name}@@`, [...values.keys()].join(', '));
    if (name === 'provider_id_command') {
      if (value === '') throw refused('placeholder', `@@${name}@@`, 'only where the provider has such a command');
      return value;
    }
    // What could end a quoted text may not stand in one.
    if (!PLAIN.test(value))
      throw refused(name, name === 'token' ? '***' : value, 'letters, digits and : . / , = ~ + - _ in a template');
    if (name === 'token' && value === '') throw refused('placeholder', '@@token@@', 'only with join.token_file');
    return value;
  });
}

function placeholderValues({ token, request, node, providerIdCommand }: TemplateInput): ReadonlyMap<string, string> {
  const { offering } = request;
  return new Map([
    ['token', token],
    ['node_name', node.name],
    ['labels', node.labels.join(',')],
    ['taints', node.taints.join(',')],
    ['request_id', request.requestId],
    ['pool', request.pool],
    ['cluster_tag', request.clusterTag],
    ['instance_type', offering.instanceType],
    ['region', offering.region],
    ['zone', offering.zone],
    ['capacity_type', offering.capacityType],
    ['provider_id_command', providerIdCommand ?? ''],
  ]);
}
