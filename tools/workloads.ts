import { execFileSync } from 'node:child_process';
import { dumpYaml, loadYaml } from '@kubernetes/client-node';
import { kubernetesTools } from './kubernetes-tools.ts';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: unknown;
  readonly rules?: unknown;
  readonly subjects?: unknown;
  readonly roleRef?: unknown;
}

const HEAD = `# What the Helm chart makes with its own values, without the rights, which are in rbac.yaml: written by
# \`npm run manifests\`, not by hand. See docs/helm.md.
`;

/** Names who installed it, which is not Helm here. */
const OF_HELM = /^ *(app\.kubernetes\.io\/managed-by|helm\.sh\/chart): .*\n/gm;

export function workloadsYaml(): string {
  const args = ['template', 'forescale', 'deploy/helm/forescale', '--namespace', 'forescale'];
  const rendered = execFileSync(kubernetesTools().helm, args, { encoding: 'utf8' });
  const manifests = manifestsOf(rendered).filter((one) => !isRight(one));
  return HEAD + manifests.map((one) => dumpYaml(one, { lineWidth: -1 }).replaceAll(OF_HELM, '')).join('---\n');
}

/** The objects of a rendered text, whose templates may come to nothing but a comment. */
export function manifestsOf(text: string): Manifest[] {
  const documents = text.split(/^---\n/m).filter((document) => /^\w/m.test(document));
  return documents.map((document) => loadYaml<Manifest>(document));
}

function isRight({ apiVersion, kind }: Manifest): boolean {
  return apiVersion.startsWith('rbac.') || kind === 'ServiceAccount';
}
