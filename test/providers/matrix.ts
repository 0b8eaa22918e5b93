import { CAPABILITIES, type Capability, type NotApplicable } from '@forescale/actuator/providers';
import {
  NOT_APPLICABLE as aws,
  GROUPS_NOT_APPLICABLE as awsGroups,
} from '../../services/actuator/src/providers/aws/not-applicable.ts';
import {
  NOT_APPLICABLE as azure,
  GROUPS_NOT_APPLICABLE as azureGroups,
} from '../../services/actuator/src/providers/azure/not-applicable.ts';
import { NOT_APPLICABLE as buffer } from '../../services/actuator/src/providers/buffer/not-applicable.ts';
import { NOT_APPLICABLE as clusterapi } from '../../services/actuator/src/providers/clusterapi/not-applicable.ts';
import { NOT_APPLICABLE as docker } from '../../services/actuator/src/providers/docker/not-applicable.ts';
import { NOT_APPLICABLE as externalgrpc } from '../../services/actuator/src/providers/externalgrpc/not-applicable.ts';
import {
  NOT_APPLICABLE as gcp,
  GROUPS_NOT_APPLICABLE as gcpGroups,
} from '../../services/actuator/src/providers/gcp/not-applicable.ts';
import { NOT_APPLICABLE as hetzner } from '../../services/actuator/src/providers/hetzner/not-applicable.ts';

/** Every provider, and where it has two ways, both. */
export const PROVIDERS: Readonly<Record<string, NotApplicable>> = {
  buffer,
  clusterapi,
  externalgrpc,
  aws,
  'aws groups': awsGroups,
  gcp,
  'gcp groups': gcpGroups,
  azure,
  'azure groups': azureGroups,
  hetzner,
  docker,
};

/** The capability matrix as docs/providers.md has it: a number says why something does not apply. */
export function matrixText(): string {
  const reasons: string[] = [];
  const noteOf = (reason: string) => {
    if (!reasons.includes(reason)) reasons.push(reason);
    return `– ${reasons.indexOf(reason) + 1}`;
  };
  const columns = Object.entries(PROVIDERS);
  const rows = (Object.entries(CAPABILITIES) as [Capability, string][]).map(([capability, what]) => {
    const cells = columns.map(([, lacks]) => {
      const reason = lacks[capability];
      return reason === undefined ? 'yes' : noteOf(reason);
    });
    return row([what, ...cells]);
  });
  const head = [
    row(['what the suite asks', ...columns.map(([name]) => name)]),
    row(['---', ...columns.map(() => '---')]),
  ];
  const notes = reasons.map((reason, index) => `${index + 1}. ${sentence(reason)}`);
  return [...head, ...rows, '', ...notes].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
}
