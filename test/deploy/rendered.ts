import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dumpYaml } from '@kubernetes/client-node';
import { kubernetesTools } from '../../tools/kubernetes-tools.ts';
import { type Manifest, manifestsOf } from '../../tools/workloads.ts';

const CHART = 'deploy/helm/forescale';

type Values = Readonly<Record<string, unknown>>;

/** What `helm lint` says; throws with it where the chart is refused. */
export function lint(values: Values): string {
  return withValues(values, (file) => helm('lint', CHART, '--strict', '--values', file));
}

/** What `helm template` makes of the chart for `namespace`; throws with what helm says where it refuses. */
export function render(values: Values, namespace = 'forescale'): Manifest[] {
  const text = withValues(values, (file) =>
    helm('template', 'forescale', CHART, '--namespace', namespace, '--values', file),
  );
  return manifestsOf(text);
}

export function kustomized(folder: string): Manifest[] {
  return manifestsOf(execFileSync(kubernetesTools().kubectl, ['kustomize', folder], { encoding: 'utf8' }));
}

function helm(...args: readonly string[]): string {
  return execFileSync(kubernetesTools().helm, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function withValues<T>(values: Values, use: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'forescale-values-'));
  try {
    const file = join(folder, 'values.yaml');
    writeFileSync(file, dumpYaml(values));
    return use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
